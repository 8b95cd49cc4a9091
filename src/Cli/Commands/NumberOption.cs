using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Google.Protobuf.Reflection;
using TrainingCluster.Jobs;

namespace TrainingCluster.Cli.Commands;

/// <summary>
/// An option that takes a number, written as in a job file: with a decimal point, without separators of thousands and spaces; NaN and
/// infinity are no numbers.
/// </summary>
/// <typeparam name="T">int, ulong or double, or int? where a missing number means something of its own.</typeparam>
internal sealed class NumberOption<T> : Option<T>
{
    private static readonly FieldType s_type = (Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T)) switch
    {
        var type when type == typeof(int) => FieldType.Int32,
        var type when type == typeof(ulong) => FieldType.UInt64,
        var type when type == typeof(double) => FieldType.Double,
        var type => throw new NotSupportedException($"No option takes a number of type {type}."),
    };

    private readonly IComparable? _least;
    private readonly IComparable? _most;

    /// <param name="name">The option: <c>--workers</c>.</param>
    /// <param name="least">Of the number's type. Null: no limit.</param>
    /// <param name="most">The same at the other end.</param>
    public NumberOption(string name, IComparable? least, IComparable? most)
        : base(name)
    {
        (_least, _most) = (least, most);
        HelpName = "N";
        CustomParser = Read;
    }

    private string Range =>
        (_least, _most) switch
        {
            (null, null) => "",
            (_, null) => Invariant($"at least {_least}"),
            _ => Invariant($"{_least} to {_most}"),
        };

    private T? Read(ArgumentResult result)
    {
        if (result.Tokens is not [var token])
        {
            return default;
        }
        if (SettingText.Parse(s_type, token.Value) is not { } number)
        {
            var kind = s_type == FieldType.Double ? "a number such as 0.5" : "a whole number";
            result.AddError($"{Name} '{token.Value}' has the wrong type; write {kind}{(Range.Length > 0 ? $", {Range}" : "")}");
            return default;
        }
        if (_least?.CompareTo(number) > 0 || _most?.CompareTo(number) < 0)
        {
            result.AddError(Invariant($"{Name} {number}: must be {Range}"));
            return default;
        }
        return (T)number;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
