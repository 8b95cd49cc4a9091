using System.Net;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>A call with its messages' types.</summary>
internal sealed class ClientCall<TRequest, TResponse>(GrpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    : ClientCall(channel, options)
    where TRequest : class
    where TResponse : class
{
    private static readonly string s_userAgent = $"grpc-csharp-compat/{typeof(GrpcChannel).Assembly.GetName().Version} (.NET {Environment.Version})";

    public Method<TRequest, TResponse> Method => method;

    /// <summary>Writes requests in the encoding that the metadata asks for.</summary>
    public FrameWriter CreateWriter(PooledBuffer buffer) => new(
        buffer, Channel.Encodings, Options.Headers?.GetValue(Names.EncodingRequest), null, Channel.Options.MaxSendMessageSize);

    public void Start(HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Channel.Address, method.FullName))
        {
            Version = Channel.Options.HttpVersion ?? HttpVersion.Version20,
            VersionPolicy = Channel.Options.HttpVersionPolicy ?? HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("User-Agent", s_userAgent);
        request.Headers.TryAddWithoutValidation("TE", "trailers");
        request.Headers.TryAddWithoutValidation(Names.AcceptEncoding, Channel.Encodings.Accepted);
        foreach (var entry in Options.Headers ?? Metadata.Empty)
        {
            var name = entry.Key == Names.EncodingRequest ? Names.Encoding : entry.Key;
            if (name != Names.Timeout)
                request.Headers.TryAddWithoutValidation(name, MetadataText.Encode(entry));
        }
        _ = SendAsync(request, method.Type is MethodType.Unary or MethodType.ClientStreaming);
    }

    /// <summary>The only response of a call.</summary>
    public async Task<TResponse> ReadResponseAsync()
    {
        TResponse? message = null;
        try
        {
            if (await OpenResponseAsync() is { } body)
            {
                try
                {
                    message = await body.Frames.ReadSingleAsync(method.ResponseMarshaller.ContextualDeserializer, Token);
                }
                finally
                {
                    await body.Pipe.CompleteAsync();
                }
            }
        }
        catch (Exception error)
        {
            throw Fail("Error reading the response.", error);
        }
        var status = await EndWithTrailersAsync(missing: message is null);
        return status.StatusCode == StatusCode.OK ? message! : throw Error(status);
    }
}
