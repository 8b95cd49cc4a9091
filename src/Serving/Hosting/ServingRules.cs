using TrainingCluster.Access;
using TrainingCluster.Security;

namespace TrainingCluster.Serving.Hosting;

/// <summary>What each call of the server needs: whoever may take a model may translate with it.</summary>
internal static class ServingRules
{
    public static AccessRules All { get; } =
        new(
            V1.Inference.Descriptor.Methods.ToDictionary(
                method => $"/{V1.Inference.Descriptor.FullName}/{method.Name}",
                _ => new AccessRule(AccessRole.Viewer, false),
                StringComparer.Ordinal
            )
        );
}
