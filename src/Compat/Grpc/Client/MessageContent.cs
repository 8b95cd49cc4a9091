using System.Net;
using Grpc.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>A request of one message.</summary>
internal sealed class MessageContent<TRequest, TResponse> : HttpContent
    where TRequest : class
    where TResponse : class
{
    private readonly ClientCall<TRequest, TResponse> _call;
    private readonly TRequest _message;

    public MessageContent(ClientCall<TRequest, TResponse> call, TRequest message)
    {
        _call = call;
        _message = message;
        Headers.TryAddWithoutValidation("Content-Type", Names.ContentType);
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        using var buffer = new PooledBuffer();
        using var writer = _call.CreateWriter(buffer);
        writer.Write(_message, _call.Method.RequestMarshaller.ContextualSerializer, _call.Options.WriteOptions);
        await stream.WriteAsync(buffer.Written, _call.Token);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
