using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>
/// Serves the calls of one method: 1. checks that the request is gRPC, 2. makes interceptors, 3. reads the request where
/// there is one, 4. lets interceptors and the service run, 5. writes the response where there is one, 6. ends the call.
/// </summary>
internal abstract class MethodHandler<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method, MethodSettings settings, ServiceActivator<TService> activator)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected Method<TRequest, TResponse> Method => method;

    public async Task HandleAsync(HttpContext http)
    {
        // 1.
        if (!Wire.Names.IsContentType(http.Request.ContentType))
        {
            Refuse(http, StatusCodes.Status415UnsupportedMediaType, $"Content-Type '{http.Request.ContentType}' is not supported.");
            return;
        }
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol))
        {
            Refuse(http, StatusCodes.Status426UpgradeRequired, $"Request protocol '{http.Request.Protocol}' is not supported.");
            http.Response.Headers.Upgrade = "HTTP/2";
            return;
        }
        http.Response.ContentType = Wire.Names.ContentType;
        var call = new ServerCall(http, settings);
        Exception? failure = null;
        try
        {
            // 2. 3. 4. 5.
            await using var interceptors = new InterceptorPipeline(settings.Interceptors, http.RequestServices);
            await RunAsync(call, interceptors);
        }
        catch (Exception error)
        {
            failure = error;
        }
        // 6.
        await call.EndAsync(failure);
    }

    protected abstract Task RunAsync(ServerCall call, InterceptorPipeline interceptors);

    protected async Task<TResult> WithServiceAsync<TResult>(HttpContext http, Func<TService, Task<TResult>> run)
    {
        var (service, owned) = activator.Create(http.RequestServices);
        try
        {
            return await run(service);
        }
        finally
        {
            if (owned)
                await Owned.DisposeAsync(service);
        }
    }

    protected async Task WithServiceAsync(HttpContext http, Func<TService, Task> run) =>
        await WithServiceAsync(http, async service =>
        {
            await run(service);
            return true;
        });

    protected async ValueTask<TRequest> ReadRequestAsync(ServerCall call) =>
        await call.CreateReader().ReadSingleAsync(method.RequestMarshaller.ContextualDeserializer, CancellationToken.None)
        ?? throw new RpcException(new Status(StatusCode.Internal, "Incomplete message."));

    protected async ValueTask WriteResponseAsync(ServerCall call, TResponse? response)
    {
        if (response is null)
            throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."));
        // The trailers follow at once and take the message along.
        var options = new WriteOptions((call.WriteOptions?.Flags ?? default) | WriteFlags.BufferHint);
        await call.WriteAsync(response, method.ResponseMarshaller.ContextualSerializer, options, CancellationToken.None);
    }

    /// <summary>A stream of requests may be slow and endless.</summary>
    protected static void LiftRequestLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
    }

    private void Refuse(HttpContext http, int httpStatus, string detail)
    {
        ServerLog.NotGrpc(settings.Logger, http.Request.ContentType, http.Request.Protocol);
        http.Response.StatusCode = httpStatus;
        TrailerWriter.Write(http.Response, new Status(StatusCode.Internal, detail), null);
    }
}
