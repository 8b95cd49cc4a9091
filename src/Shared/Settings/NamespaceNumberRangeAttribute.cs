namespace TrainingCluster.Settings;

/// <summary>
/// Makes a <see cref="NamespaceNumbers"/> of an options class a setting of the program, and says what each number may be. What it does is
/// the property's doc.
/// </summary>
/// <param name="least">The smallest number that is allowed.</param>
/// <param name="greatest">The greatest.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NamespaceNumberRangeAttribute(int least, int greatest) : Attribute
{
    /// <summary>The smallest number that is allowed.</summary>
    public int Least => least;

    /// <summary>The greatest number that is allowed.</summary>
    public int Greatest => greatest;
}
