using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Training;

/// <summary>Gives this worker's state away, slice by slice, as long as it stays the one that was asked for.</summary>
internal sealed class StateSource(Func<LoadedJob?> loaded) : IStateSource
{
    private const int ChunkBytes = 1024 * 1024;

    public async IAsyncEnumerable<StateChunk> ReadStateAsync(
        FetchStateRequest request,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await Task.Yield();
        var (state, dict, version) = Open(request);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[ChunkBytes];
        for (var offset = 0L; offset < dict.Length; )
        {
            cancellationToken.ThrowIfCancellationRequested();
            var at = offset;
            var count = Guarded(
                state,
                current =>
                    current.Version == version
                        ? dict.CopyTo(at, buffer)
                        : throw Gone($"This worker has gone on from step {request.Step} meanwhile.")
            );
            hash.AppendData(buffer.AsSpan(0, count));
            offset += count;
            yield return new StateChunk
            {
                Step = request.Step,
                TotalBytes = dict.Length,
                Offset = at,
                // Taken by the transport before the next slice is asked for.
                Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)),
                Sha256 = offset == dict.Length ? Convert.ToHexStringLower(hash.GetHashAndReset()) : "",
            };
        }
    }

    private (TrainingState State, StateDict Dict, long Version) Open(FetchStateRequest request)
    {
        if (loaded() is not { HasState: true, Job: { } job } || job.Id != request.JobId)
        {
            throw Gone($"This worker holds no state of job '{request.JobId}'.");
        }
        return Guarded(
            job.State,
            state =>
            {
                if (state.Progress.Step != request.Step)
                {
                    throw Gone($"This worker holds the state of step {state.Progress.Step}, not {request.Step}.");
                }
                return (state, StateDict.Of(state.Parameters.Layout, state.Sections, state.Progress), state.Version);
            }
        );
    }

    private static T Guarded<T>(TrainingState state, Func<TrainingState, T> read)
    {
        try
        {
            return state.Read(read);
        }
        catch (ObjectDisposedException)
        {
            throw Gone("This worker has let the job go.");
        }
    }

    private static RpcException Gone(string why) => new(new Status(StatusCode.FailedPrecondition, why));
}
