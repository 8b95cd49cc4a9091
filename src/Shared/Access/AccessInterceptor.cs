using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Hosting;

namespace TrainingCluster.Access;

/// <summary>Asks who makes a call, and whether it may.</summary>
/// <param name="access">Tells who makes a call.</param>
/// <param name="rules">What each call needs.</param>
public sealed class AccessInterceptor(AccessControl access, AccessRules rules) : CallInterceptor
{
    /// <inheritdoc/>
    protected override async Task<T> CallAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(call);
        await AdmitAsync(context);
        return await call();
    }

    private async Task AdmitAsync(ServerCallContext context)
    {
        if (rules.Of(context.Method) is not { } rule)
        {
            return;
        }
        var (caller, problem) = await access.IdentifyAsync(context.GetHttpContext());
        if (caller is null)
        {
            throw RpcErrors.Info(StatusCode.Unauthenticated, "UNAUTHENTICATED", problem);
        }
        caller.Enter(context);
        if (!rule.Admits(caller))
        {
            throw RpcErrors.Info(
                StatusCode.PermissionDenied,
                "PERMISSION_DENIED",
                $"{caller.Name} may not call {context.Method}: it needs {rule.Needs}"
            );
        }
    }
}
