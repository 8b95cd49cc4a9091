using System.Reflection;

namespace TrainingCluster.Settings;

/// <summary>Numbers of namespaces that people can set.</summary>
/// <param name="property">Where they are kept.</param>
/// <param name="range">What each may be.</param>
public sealed class NamespaceNumberSetting(PropertyInfo property, NamespaceNumberRangeAttribute range) : ProgramSetting(property)
{
    /// <inheritdoc/>
    public override string DefaultText => "none";

    /// <inheritdoc/>
    public override string Range => $"NAMESPACE=NUMBER,…; {range.Least} to {range.Greatest}";

    /// <inheritdoc/>
    public override object? Read(string? text, out string problem)
    {
        if (NamespaceNumbers.Read(text, out var wrong) is not { } numbers)
        {
            problem = $"cannot be read: {wrong}; write research=8,teaching=4,*=2";
            return null;
        }
        var bad = numbers.Numbers.Where(n => n.Value < range.Least || n.Value > range.Greatest).Select(n => n.Key).FirstOrDefault();
        problem = bad is null ? "" : $"is out of range for namespace {bad}; use {range.Least} to {range.Greatest}";
        return bad is null ? numbers : null;
    }
}
