using Google.Protobuf.Reflection;
using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>What the rules of a field say, in words.</summary>
internal static class FieldRulesText
{
    /// <summary>What to write into the field: "a whole number from 4 to 8192". What an error about the type asks for.</summary>
    public static string Wanted(this FieldRules rules, FieldType type) =>
        type switch
        {
            FieldType.Bool => "true or false",
            FieldType.String => rules.OneOf.Count > 0 ? $"one of: {string.Join(", ", rules.OneOf)}" : "text",
            FieldType.Double => $"a number such as 0.1 or 1e-3{Tail(rules, ", ")}",
            FieldType.UInt64 => "a whole number from 0",
            _ when rules.PowerOfTwo => $"a power of two{Tail(rules, " from ")}",
            _ => $"a whole number{Tail(rules, " from ")}",
        };

    /// <summary>The values that are allowed: "4 to 8192", "pre, post". Empty: the type says all.</summary>
    public static string Values(this FieldRules rules) =>
        rules.OneOf.Count > 0 ? string.Join(", ", rules.OneOf)
        : rules.PowerOfTwo ? $"power of two, {rules.Range()}"
        : rules.Range();

    /// <summary>The range of a number: "4 to 8192", "more than 0, at most 10". Empty: the type says all.</summary>
    public static string Range(this FieldRules rules)
    {
        if (!rules.HasMin || !rules.HasMax)
        {
            return "";
        }
        var (least, greatest) = (SettingText.Format(rules.Min), SettingText.Format(rules.Max));
        return (rules.AboveMin, rules.BelowMax) switch
        {
            (false, false) => $"{least} to {greatest}",
            (true, false) => $"more than {least}, at most {greatest}",
            (false, true) => $"{least} or more and less than {greatest}",
            (true, true) => $"more than {least} and less than {greatest}",
        };
    }

    /// <summary>The default, and when it holds. Empty: there is none.</summary>
    public static string DefaultText(this FieldRules rules) =>
        rules.DefaultFrom.Length > 0 ? rules.DefaultFrom
        : rules.DefaultUnless.Length > 0 ? $"{rules.Default}, without {rules.DefaultUnless}"
        : rules.Default;

    private static string Tail(FieldRules rules, string before) => rules.Range() is { Length: > 0 } range ? before + range : "";
}
