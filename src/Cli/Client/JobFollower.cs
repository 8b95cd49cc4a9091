using System.Runtime.CompilerServices;
using Grpc.Core;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>Follows a job's events to its end, over any number of connections.</summary>
public static class JobFollower
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    /// <summary>A coordinator that has lost its disk takes jobs over from their workers as these register.</summary>
    private static readonly TimeSpan s_takenOverWithin = TimeSpan.FromSeconds(30);

    /// <summary>
    /// All events from the job's first one (or after <paramref name="resumeToken"/>) to the one in which it ends. When the
    /// coordinator goes away the stream is taken up again after the last event seen, so none is missed and none comes twice.
    /// </summary>
    /// <param name="connection">The coordinator.</param>
    /// <param name="id">The job.</param>
    /// <param name="resumeToken">Token of the last event seen; empty: from the beginning.</param>
    /// <param name="known">True: the coordinator has answered before, so that one who does not is away, not a wrong address.</param>
    /// <param name="timeout">How long the coordinator may stay away.</param>
    /// <param name="time">The clock.</param>
    /// <param name="lost">Called once each time the connection is lost, with the reason.</param>
    /// <param name="cancellationToken">Ends the following, not the job.</param>
    /// <exception cref="CliException">There is no such job, or the coordinator stayed away for longer than
    /// <paramref name="timeout"/>.</exception>
    public static async IAsyncEnumerable<JobEvent> FollowAsync(
        ClusterConnection connection,
        string id,
        string resumeToken,
        bool known,
        TimeSpan timeout,
        TimeProvider time,
        Action<string>? lost,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var token = resumeToken;
        var pause = s_firstPause;
        long? awaySince = null;
        while (true)
        {
            // A job may have no event for hours; whether anybody is there must be known sooner.
            var isAnswered = false;
            using var call = connection.Jobs.WatchJob(
                new WatchJobRequest { Id = id, ResumeToken = token },
                cancellationToken: cancellationToken
            );
            while (true)
            {
                JobEvent? next;
                try
                {
                    if (!isAnswered)
                    {
                        await connection.RequireAnswerAsync(cancellationToken);
                        isAnswered = true;
                    }
                    next = await call.ResponseStream.MoveNext(cancellationToken) ? call.ResponseStream.Current : null;
                }
                catch (RpcException exception)
                    when ((
                            exception.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.DeadlineExceeded
                            || MayBeTakenOver(exception, awaySince)
                        ) && !cancellationToken.IsCancellationRequested
                    )
                {
                    if (!known)
                    {
                        throw RpcErrors.Explain(exception, connection.Address);
                    }
                    if (awaySince is null)
                    {
                        lost?.Invoke(exception.Status.Detail is { Length: > 0 } detail ? detail : "no answer");
                    }
                    awaySince ??= time.GetTimestamp();
                    if (time.GetElapsedTime(awaySince.Value) > timeout)
                    {
                        throw RpcErrors.Explain(exception, connection.Address);
                    }
                    break;
                }
                catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
                {
                    throw RpcErrors.Explain(exception, connection.Address);
                }
                if (next is null)
                {
                    yield break;
                }
                (awaySince, pause, token, known) = (null, s_firstPause, next.Token, true);
                yield return next;
                if (next.State is { } state && state.State.HasEnded())
                {
                    yield break;
                }
            }
            await Task.Delay(pause, time, cancellationToken);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_longestPause.Ticks));
        }

        bool MayBeTakenOver(RpcException exception, long? away) =>
            exception.StatusCode == StatusCode.NotFound && away is { } since && time.GetElapsedTime(since) < s_takenOverWithin;
    }
}
