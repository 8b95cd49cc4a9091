using TrainingCluster.Security;

namespace TrainingCluster.Access;

/// <summary>What each call of a program needs. A call that stands nowhere needs the most.</summary>
/// <param name="rules">By full name, <c>/package.Service/Method</c>.</param>
public sealed class AccessRules(IReadOnlyDictionary<string, AccessRule> rules)
{
    private const string Health = "/grpc.health.v1.Health/";
    private const string Reflection = "/grpc.reflection.";

    /// <summary>The rule of a call.</summary>
    /// <param name="method">Its full name.</param>
    /// <returns>Null: nobody is asked.</returns>
    public AccessRule? Of(string method)
    {
        ArgumentNullException.ThrowIfNull(method);
        return method.StartsWith(Health, StringComparison.Ordinal) ? null
            : method.StartsWith(Reflection, StringComparison.Ordinal) ? new(AccessRole.Viewer, false)
            : rules.GetValueOrDefault(method) ?? new(AccessRole.Operator, false);
    }
}
