using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>How people are shown the arithmetic of a worker.</summary>
public static class ArithmeticText
{
    /// <summary>Digits of a fingerprint that people are shown.</summary>
    public const int ShownDigits = 12;

    /// <summary>The digits of a fingerprint that people are shown.</summary>
    public static string ShortFingerprint(this Arithmetic arithmetic)
    {
        ArgumentNullException.ThrowIfNull(arithmetic);
        return arithmetic.Fingerprint.Length <= ShownDigits ? arithmetic.Fingerprint : arithmetic.Fingerprint[..ShownDigits];
    }

    /// <summary>Short fingerprint and description.</summary>
    public static string ToText(this Arithmetic arithmetic)
    {
        ArgumentNullException.ThrowIfNull(arithmetic);
        return $"{arithmetic.ShortFingerprint()}: {arithmetic.Description}";
    }
}
