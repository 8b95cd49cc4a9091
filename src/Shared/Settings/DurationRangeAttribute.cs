namespace TrainingCluster.Settings;

/// <summary>
/// Makes a <see cref="TimeSpan"/> of an options class a setting of the program, and says within which bounds. Its default is the
/// property's initial value; what it does is the property's doc.
/// </summary>
/// <param name="least">The shortest time that is allowed: "100 ms".</param>
/// <param name="greatest">The longest.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DurationRangeAttribute(string least, string greatest) : Attribute
{
    /// <summary>The shortest time that is allowed.</summary>
    public string Least => least;

    /// <summary>The longest time that is allowed.</summary>
    public string Greatest => greatest;
}
