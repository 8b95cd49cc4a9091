namespace TrainingCluster.Files;

/// <summary>What somebody sends is more than he may store.</summary>
public sealed class QuotaExceededException : Exception
{
    /// <summary>With what was sent and what is allowed.</summary>
    public QuotaExceededException(string message)
        : base(message) { }

    /// <summary>Without words.</summary>
    public QuotaExceededException() { }

    /// <summary>With a cause.</summary>
    public QuotaExceededException(string message, Exception innerException)
        : base(message, innerException) { }
}
