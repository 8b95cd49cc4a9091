using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core.Interceptors;

/// <summary>A client call on its way: its method, host and options.</summary>
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "The package's struct has none.")]
public struct ClientInterceptorContext<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options)
    where TRequest : class
    where TResponse : class
{
    public Method<TRequest, TResponse> Method { get; } = method;

    /// <summary>The authority to ask for; null for the channel's own.</summary>
    public string? Host { get; } = host;

    public CallOptions Options { get; } = options;
}
