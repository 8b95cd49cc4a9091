using System.Buffers;
using Grpc.Core;

namespace Compat.Grpc.Tests.Testing;

/// <summary>Bytes as they are on the wire.</summary>
public sealed record Blob(byte[] Bytes);

/// <summary>A service without generated code: its own marshallers, its own base.</summary>
public static class Raw
{
    public const string ServiceName = "compat.tests.v1.Raw";

    private static readonly Marshaller<Blob> s_blobs = Marshallers.Create<Blob>(
        (blob, context) =>
        {
            context.SetPayloadLength(blob.Bytes.Length);
            context.GetBufferWriter().Write(blob.Bytes);
            context.Complete();
        },
        context => new Blob(context.PayloadAsReadOnlySequence().ToArray()));

    public static readonly Method<Blob, Blob> Unary = new(MethodType.Unary, ServiceName, "Unary", s_blobs, s_blobs);
    public static readonly Method<Blob, Blob> Collect = new(MethodType.ClientStreaming, ServiceName, "Collect", s_blobs, s_blobs);
    public static readonly Method<Blob, Blob> Split = new(MethodType.ServerStreaming, ServiceName, "Split", s_blobs, s_blobs);
    public static readonly Method<Blob, Blob> Chat = new(MethodType.DuplexStreaming, ServiceName, "Chat", s_blobs, s_blobs);

    public static void BindService(ServiceBinderBase binder, RawBase? service)
    {
        binder.AddMethod(Unary, service is null ? null : new UnaryServerMethod<Blob, Blob>(service.Unary));
        binder.AddMethod(Collect, service is null ? null : new ClientStreamingServerMethod<Blob, Blob>(service.Collect));
        binder.AddMethod(Split, service is null ? null : new ServerStreamingServerMethod<Blob, Blob>(service.Split));
        binder.AddMethod(Chat, service is null ? null : new DuplexStreamingServerMethod<Blob, Blob>(service.Chat));
    }
}

[BindServiceMethod(typeof(Raw), nameof(Raw.BindService))]
public abstract class RawBase
{
    public abstract Task<Blob> Unary(Blob request, ServerCallContext context);

    public abstract Task<Blob> Collect(IAsyncStreamReader<Blob> requests, ServerCallContext context);

    public abstract Task Split(Blob request, IServerStreamWriter<Blob> responses, ServerCallContext context);

    public abstract Task Chat(IAsyncStreamReader<Blob> requests, IServerStreamWriter<Blob> responses, ServerCallContext context);
}

/// <summary>
/// Does what the request's header <c>x-do</c> says: <c>fail</c>, <c>throw</c>, <c>wait</c> (for the call's end) or nothing
/// in particular. Headers that begin with <c>x-copy-</c> come back as headers and as trailers.
/// </summary>
public sealed class RawService(Probe probe) : RawBase
{
    public const string Detail = "nicht gefunden: größer als 100 % – 没有";

    public override async Task<Blob> Unary(Blob request, ServerCallContext context)
    {
        await BeginAsync(context);
        return request;
    }

    public override async Task<Blob> Collect(IAsyncStreamReader<Blob> requests, ServerCallContext context)
    {
        await BeginAsync(context);
        var all = new List<byte>();
        await foreach (var request in requests.ReadAllAsync())
            all.AddRange(request.Bytes);
        return new Blob([.. all]);
    }

    public override async Task Split(Blob request, IServerStreamWriter<Blob> responses, ServerCallContext context)
    {
        await BeginAsync(context);
        foreach (var value in request.Bytes)
            await responses.WriteAsync(new Blob([value]));
    }

    public override async Task Chat(IAsyncStreamReader<Blob> requests, IServerStreamWriter<Blob> responses, ServerCallContext context)
    {
        await BeginAsync(context);
        await foreach (var request in requests.ReadAllAsync())
            await responses.WriteAsync(request);
    }

    private async Task BeginAsync(ServerCallContext context)
    {
        probe.Seen(context);
        var copied = context.RequestHeaders.Where(entry => entry.Key.StartsWith("x-copy-", StringComparison.Ordinal)).ToList();
        if (copied.Count > 0)
        {
            var headers = new Metadata();
            copied.ForEach(headers.Add);
            copied.ForEach(context.ResponseTrailers.Add);
            await context.WriteResponseHeadersAsync(headers);
        }
        switch (context.RequestHeaders.GetValue("x-do"))
        {
            case "fail":
                throw new RpcException(
                    new Status(StatusCode.NotFound, Detail), new Metadata { { "grpc-status-details-bin", new byte[] { 0, 1, 2, 255 } } });
            case "throw":
                throw new InvalidOperationException("a secret");
            case "wait":
                await probe.WaitForEndAsync(context.CancellationToken);
                break;
        }
    }
}
