using TrainingCluster.Security;

namespace TrainingCluster.Access;

/// <summary>Names of single namespaces: as in Kubernetes.</summary>
public static class Namespaces
{
    /// <summary>What a name may be, for messages.</summary>
    public const string Rule = "a namespace has 1 to 63 letters a-z, digits and '-', and neither begins nor ends with '-'";

    /// <summary>Whether a text can be a name.</summary>
    public static bool IsName(string name) => name != AccessGrant.AllNamespaces && AccessGrant.IsNamespace(name);
}
