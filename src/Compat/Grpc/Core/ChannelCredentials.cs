namespace Grpc.Core;

/// <summary>Whether a channel speaks in the clear or through TLS; it must agree with the address' scheme.</summary>
public abstract class ChannelCredentials
{
    /// <summary>In the clear: <c>http://</c>.</summary>
    public static ChannelCredentials Insecure { get; } = new Plain();

    /// <summary>TLS with the machine's roots: <c>https://</c>.</summary>
    public static ChannelCredentials SecureSsl { get; } = new Tls();

    internal abstract string Scheme { get; }

    private sealed class Plain : ChannelCredentials
    {
        internal override string Scheme => Uri.UriSchemeHttp;
    }

    private sealed class Tls : ChannelCredentials
    {
        internal override string Scheme => Uri.UriSchemeHttps;
    }
}
