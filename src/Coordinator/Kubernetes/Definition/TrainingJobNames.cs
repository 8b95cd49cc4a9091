namespace TrainingCluster.Coordinator.Kubernetes.Definition;

/// <summary>What the resource is called, everywhere.</summary>
public static class TrainingJobNames
{
    /// <summary>The API group.</summary>
    public const string Group = "training.cluster";

    /// <summary>The version that is served and stored.</summary>
    public const string Version = "v1alpha1";

    /// <summary>Group and version.</summary>
    public const string ApiVersion = $"{Group}/{Version}";

    /// <summary>The kind.</summary>
    public const string Kind = "TrainingJob";

    /// <summary>The name in paths.</summary>
    public const string Plural = "trainingjobs";

    /// <summary>Who carries jobs out, in <c>spec.managedBy</c>: objects that name another are left alone.</summary>
    public const string Controller = $"{Group}/coordinator";

    /// <summary>Keeps an object until its job has ended and is gone.</summary>
    public const string Finalizer = $"{Group}/job";

    /// <summary>Who wrote a field, among the managed fields of an object.</summary>
    public const string FieldManager = "training-cluster";
}
