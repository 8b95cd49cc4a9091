namespace TrainingCluster.Serving.Api;

/// <summary>What a call may ask for at most; inference.proto says the same.</summary>
internal static class RequestLimits
{
    /// <summary>Texts of a call.</summary>
    public const int Texts = 256;

    /// <summary>UTF-8 bytes of a text. Far more than the longest one that a model takes; a longer one is not even cut into tokens.</summary>
    public const int TextBytes = 256 * 1024;

    /// <summary>Attention weights of a call. With their names they fit into a message of 4 MB, which clients take by default.</summary>
    public const int AttentionWeights = 750_000;

    /// <summary>Models of a page where nobody says how many.</summary>
    public const int DefaultPage = 50;

    /// <summary>Models of a page.</summary>
    public const int GreatestPage = 500;
}
