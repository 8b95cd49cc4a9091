using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>What a client says about one call.</summary>
/// <param name="headers">Request headers; null for none.</param>
/// <param name="deadline">When the call ends with <see cref="StatusCode.DeadlineExceeded"/>, in UTC; null for never.</param>
/// <param name="cancellationToken">Ends the call with <see cref="StatusCode.Cancelled"/>.</param>
/// <param name="writeOptions">How requests are written; null for the default.</param>
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "The package's struct has none.")]
[SuppressMessage("Design", "CA1068:CancellationToken parameters must come last", Justification = "The package's order.")]
public struct CallOptions(
    Metadata? headers = null, DateTime? deadline = null, CancellationToken cancellationToken = default, WriteOptions? writeOptions = null)
{
    public Metadata? Headers { get; private set; } = headers;

    public DateTime? Deadline { get; private set; } = deadline;

    public CancellationToken CancellationToken { get; private set; } = cancellationToken;

    public WriteOptions? WriteOptions { get; private set; } = writeOptions;

    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => this with { CancellationToken = cancellationToken };

    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };
}
