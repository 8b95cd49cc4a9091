using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>One setting of a job: a field of spec.proto with the rules that stand beside it.</summary>
public sealed class JobSetting
{
    private readonly IReadOnlyList<FieldDescriptor> _groups;
    private readonly FieldDescriptor _field;
    private readonly Lazy<Regex?> _pattern;

    internal JobSetting(IReadOnlyList<FieldDescriptor> groups, FieldDescriptor field)
    {
        (_groups, _field) = (groups, field);
        Path = string.Join('.', groups.Append(field).Select(part => part.JsonName));
        Rules = JobSettings.RulesOf(field);
        Default = Rules.Default.Length == 0 ? null : SettingText.Parse(field.FieldType, Rules.Default);
        _pattern = new(() => Rules.Pattern.Length == 0 ? null : new Regex($@"\A(?:{Rules.Pattern})\z", RegexOptions.CultureInvariant));
    }

    /// <summary>Where it stands in a job file: <c>training.batchTokens</c>.</summary>
    public string Path { get; }

    /// <summary>Its rules, as the proto says them.</summary>
    public FieldRules Rules { get; }

    /// <summary>Its default, of the field's type. Null: it has none, or takes another setting's value.</summary>
    public object? Default { get; }

    /// <summary>What to write: "a whole number from 4 to 8192".</summary>
    public string Wanted => Rules.Wanted(Type);

    /// <summary>What it is, what it may be and what it is where it is left out: for a command's help.</summary>
    public string Help
    {
        get
        {
            var values = Rules.Values() is { Length: > 0 } allowed ? $" Values: {allowed}." : "";
            return Rules.DefaultText() is { Length: > 0 } missing ? $"{Rules.Help}{values} Default: {missing}." : Rules.Help + values;
        }
    }

    internal FieldType Type => _field.FieldType;

    /// <summary>The value that <paramref name="text"/> gives it, within its range or not. Null: the text is no value of its type.</summary>
    public object? Parse(string text) => SettingText.Parse(Type, text);

    /// <summary>What <paramref name="spec"/> says. Null: it is left out.</summary>
    public object? ValueIn(JobSpec spec)
    {
        IMessage? message = spec;
        foreach (var group in _groups)
        {
            message = (IMessage?)group.Accessor.GetValue(message);
            if (message is null)
            {
                return null;
            }
        }
        return _field.Accessor.HasValue(message) ? _field.Accessor.GetValue(message) : null;
    }

    /// <summary>Writes a value of the field's type into <paramref name="spec"/>.</summary>
    public void Set(JobSpec spec, object value)
    {
        IMessage message = spec;
        foreach (var group in _groups)
        {
            if (group.Accessor.GetValue(message) is not IMessage child)
            {
                child = group.MessageType.Parser.ParseFrom(ByteString.Empty);
                group.Accessor.SetValue(message, child);
            }
            message = child;
        }
        _field.Accessor.SetValue(message, value);
    }

    /// <summary>What is wrong with the value of <paramref name="spec"/> by itself. Null: nothing, or it is left out.</summary>
    internal SpecViolation? Check(JobSpec spec)
    {
        if (ValueIn(spec) is not { } value)
        {
            return null;
        }
        return value switch
        {
            string text => CheckText(text),
            bool => null,
            ulong => null,
            _ => CheckNumber(value, Convert.ToDouble(value, CultureInfo.InvariantCulture)),
        };
    }

    private SpecViolation? CheckText(string text)
    {
        if (Rules.OneOf.Count > 0 && !Rules.OneOf.Contains(text))
        {
            return new(Path, text, "is no known choice", $"use one of: {string.Join(", ", Rules.OneOf)}");
        }
        return _pattern.Value?.IsMatch(text) == false ? new(Path, text, $"is no {Rules.Form}", Rules.Hint) : null;
    }

    private SpecViolation? CheckNumber(object value, double number)
    {
        // Written so that NaN is out of range.
        var aboveMin = Rules.AboveMin ? number > Rules.Min : number >= Rules.Min;
        var belowMax = Rules.BelowMax ? number < Rules.Max : number <= Rules.Max;
        if (aboveMin && belowMax && !(Rules.PowerOfTwo && !BitOperations.IsPow2((long)number)))
        {
            return null;
        }
        var problem = Rules.PowerOfTwo ? $"is no power of two from {Rules.Range()}" : "is out of range";
        var use = Rules.PowerOfTwo ? "a power of two in this range" : Rules.Range();
        var hint = Rules.Hint.Length > 0 ? $"; {Rules.Hint}" : "";
        return new(Path, SettingText.Format(value), problem, $"use {use}{hint}");
    }
}
