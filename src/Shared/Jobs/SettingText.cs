using System.Globalization;
using Google.Protobuf.Reflection;

namespace TrainingCluster.Jobs;

/// <summary>The values of settings as text: in job files, in the rules beside the fields and on the command line.</summary>
public static class SettingText
{
    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
    private static readonly CultureInfo s_invariant = CultureInfo.InvariantCulture;

    /// <summary>The value that <paramref name="text"/> gives a field of this type. Null: none.</summary>
    public static object? Parse(FieldType type, string text) =>
        type switch
        {
            FieldType.String => text,
            FieldType.Bool => text switch
            {
                "true" => true,
                "false" => false,
                _ => null,
            },
            FieldType.Int32 => int.TryParse(text, NumberStyles.AllowLeadingSign, s_invariant, out var i) ? i : null,
            FieldType.Int64 => long.TryParse(text, NumberStyles.AllowLeadingSign, s_invariant, out var l) ? l : null,
            FieldType.UInt64 => ulong.TryParse(text, NumberStyles.None, s_invariant, out var u) ? u : null,
            FieldType.Double => double.TryParse(text, Decimal, s_invariant, out var d) && double.IsFinite(d) ? d : null,
            _ => throw new NotSupportedException($"A job specification has no fields of type {type}."),
        };

    /// <summary>The same the other way round.</summary>
    public static string Format(object value) =>
        value switch
        {
            bool truth => truth ? "true" : "false",
            IFormattable number => number.ToString(null, s_invariant),
            _ => (string)value,
        };
}
