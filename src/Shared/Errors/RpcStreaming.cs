using Grpc.Core;

namespace TrainingCluster.Errors;

/// <summary>Sending streams of messages that are made while they are sent.</summary>
public static class RpcStreaming
{
    /// <summary>
    /// Sends every message and returns the answer. Where the service ends the call early, without having read everything, its status is
    /// thrown, not what the broken write was told. What <paramref name="messages"/> throws goes through as it is.
    /// </summary>
    /// <param name="call">The call; the caller disposes it, which cancels what is unfinished.</param>
    /// <param name="messages">The next is asked for when the transport has taken the one before.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="RpcException">The service's status.</exception>
    public static async Task<TResponse> SendAllAsync<TRequest, TResponse>(
        this AsyncClientStreamingCall<TRequest, TResponse> call,
        IAsyncEnumerable<TRequest> messages,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(messages);
        await foreach (var message in messages.WithCancellation(cancellationToken))
        {
            if (!await TakenAsync(call.RequestStream.WriteAsync(message, cancellationToken), call.ResponseAsync))
            {
                return await call.ResponseAsync;
            }
        }

        await TakenAsync(call.RequestStream.CompleteAsync(), call.ResponseAsync);
        return await call.ResponseAsync;
    }

    /// <summary>Answers a call with every message. The next is asked for when the transport has taken the one before.</summary>
    public static async Task SendAllAsync<TResponse>(
        this IServerStreamWriter<TResponse> responses,
        IAsyncEnumerable<TResponse> messages,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(responses);
        ArgumentNullException.ThrowIfNull(messages);
        await foreach (var message in messages.WithCancellation(cancellationToken))
        {
            await responses.WriteAsync(message, cancellationToken);
        }
    }

    /// <summary>False: the call ended meanwhile; its status says how.</summary>
    private static async Task<bool> TakenAsync(Task write, Task ended)
    {
        // A write may wait for ever for room in a stream that the service does not read any more.
        if (await Task.WhenAny(write, ended) != write)
        {
            _ = write.ContinueWith(w => w.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return false;
        }
        try
        {
            await write;
            return true;
        }
        catch (Exception e) when (e is RpcException or IOException or InvalidOperationException)
        {
            return false;
        }
    }
}
