using Grpc.Core;
using Grpc.Core.Interceptors;
using TrainingCluster.Errors;

namespace TrainingCluster.Access;

/// <summary>Asks who makes a call, and whether it may.</summary>
public sealed class AccessInterceptor(AccessControl access, AccessRules rules) : Interceptor
{
    /// <inheritdoc/>
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation
    )
    {
        await AdmitAsync(context);
        return await continuation(request, context);
    }

    /// <inheritdoc/>
    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation
    )
    {
        await AdmitAsync(context);
        return await continuation(requestStream, context);
    }

    /// <inheritdoc/>
    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation
    )
    {
        await AdmitAsync(context);
        await continuation(request, responseStream, context);
    }

    /// <inheritdoc/>
    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation
    )
    {
        await AdmitAsync(context);
        await continuation(requestStream, responseStream, context);
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
