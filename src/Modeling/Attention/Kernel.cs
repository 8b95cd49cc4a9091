namespace TrainingCluster.Modeling.Attention;

/// <summary>How much an example at the scaled distance u = w ‖q − k‖ counts, up to a factor.</summary>
public enum Kernel
{
    /// <summary>exp(−u²/2): every example counts, near ones more; w is 1/σ.</summary>
    Gaussian,

    /// <summary>max(0, 1 − u²) (Epanechnikov 1969): nothing beyond the distance 1/w.</summary>
    Epanechnikov,

    /// <summary>1 up to u = 1, else 0: the mean of the examples up to the distance 1/w.</summary>
    Boxcar,

    /// <summary>1: the mean of all examples, average pooling.</summary>
    Constant,
}
