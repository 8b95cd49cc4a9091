namespace TrainingCluster.Serving.Models;

/// <summary>Why a model cannot be called.</summary>
internal enum ModelProblem
{
    /// <summary>There is none of this name.</summary>
    Unknown,

    /// <summary>It is not there yet.</summary>
    Waiting,

    /// <summary>It is damaged, of another version, or will never be there.</summary>
    Unusable,

    /// <summary>Who has it does not answer.</summary>
    SourceUnavailable,
}

/// <summary>A model cannot be called.</summary>
/// <param name="problem">In which way.</param>
/// <param name="message">Why, for people.</param>
internal sealed class ModelUnusableException(ModelProblem problem, string message) : Exception(message)
{
    /// <summary>In which way.</summary>
    public ModelProblem Problem => problem;
}
