namespace TrainingCluster.Settings;

/// <summary>
/// Makes an <see cref="int"/> of an options class a setting of the program, and says within which bounds. Its default is the property's
/// initial value; what it does is the property's doc.
/// </summary>
/// <param name="least">The least number that is allowed.</param>
/// <param name="greatest">The greatest.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NumberRangeAttribute(int least, int greatest) : Attribute
{
    /// <summary>The least number that is allowed.</summary>
    public int Least => least;

    /// <summary>The greatest number that is allowed.</summary>
    public int Greatest => greatest;
}
