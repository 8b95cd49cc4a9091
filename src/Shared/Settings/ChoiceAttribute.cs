namespace TrainingCluster.Settings;

/// <summary>
/// Makes an enumeration of an options class a setting of the program: people write its names in lower case. Its default is the property's
/// initial value; what it does is the property's doc.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ChoiceAttribute : Attribute;
