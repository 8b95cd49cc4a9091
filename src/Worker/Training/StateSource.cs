using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Sharding;
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
        var (job, opened) = Open(request);
        var (state, length, copyTo, version) = (job.State, opened.Length, opened.CopyTo, opened.Version);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[ChunkBytes];
        var offset = 0L;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var at = offset;
            var count = Guarded(
                state,
                current =>
                    current.Version == version
                        ? copyTo(at, buffer)
                        : throw Gone($"This worker has gone on from step {request.Step} meanwhile.")
            );
            hash.AppendData(buffer.AsSpan(0, count));
            offset += count;
            var chunk = new StateChunk
            {
                Step = request.Step,
                TotalBytes = length,
                Offset = at,
                // Taken by the transport before the next slice is asked for.
                Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)),
                Sha256 = offset == length ? Convert.ToHexStringLower(hash.GetHashAndReset()) : "",
            };
            if (at == 0 && opened.Progress is { } progress)
            {
                chunk.Progress = ByteString.CopyFrom(progress.ToJson());
                chunk.Sections.AddRange(opened.Sections);
            }
            yield return chunk;
        } while (offset < length);
    }

    private (TrainingJob Job, Opened Opened) Open(FetchStateRequest request)
    {
        if (loaded() is not { HasState: true, Job: { } job } holder || job.Id != request.JobId)
        {
            throw Gone($"This worker holds no state of job '{request.JobId}'.");
        }
        if (request.Storing && !holder.IsIdle)
        {
            throw Gone("This worker still trains.");
        }
        if (request is { Storing: true, Parts.Count: 0 })
        {
            holder.Collected();
        }
        return (job, Guarded(job.State, state => Open(state, request)));
    }

    private static Opened Open(TrainingState state, FetchStateRequest request)
    {
        // Whoever asks for values of that step has them of another member: all were prepared.
        if (request.Storing && request.Parts.Any(part => part.Length > 0) && state.Prepared?.After.Step == request.Step)
        {
            state.Commit();
        }
        if (state.Progress.Step != request.Step)
        {
            throw Gone($"This worker holds the state of step {state.Progress.Step}, not {request.Step}.");
        }
        try
        {
            if (request.Parts.Count == 0 && !request.Storing)
            {
                var dict = StateDict.Of(state.Parameters.Layout, state.Sections, state.Progress);
                return new Opened(dict.Length, dict.CopyTo, state.Version);
            }
            var pieces = new PartReader(PartTransfer.Find(state, request.Parts));
            return new Opened(pieces.Length, pieces.CopyTo, state.Version)
            {
                Progress = state.Progress,
                Sections = state.EvaluationSections.Select(section => section.Name),
            };
        }
        catch (Exception e) when (e is InvalidOperationException or InvalidDataException)
        {
            throw Gone(e.Message);
        }
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

    private delegate int Copy(long offset, Span<byte> to);

    private sealed record Opened(long Length, Copy CopyTo, long Version)
    {
        /// <summary>With parts: the counters.</summary>
        public TrainingProgress? Progress { get; init; }

        /// <summary>With parts: what evaluations keep.</summary>
        public IEnumerable<string> Sections { get; init; } = [];
    }
}
