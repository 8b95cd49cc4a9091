using Grpc.Core;
using TrainingCluster.Transport;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Checkpoints;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Training;

/// <summary>Brings a worker's state to the step from which a generation goes on.</summary>
internal static class StateRecovery
{
    /// <summary>Nobody gave the state; the generation cannot begin here.</summary>
    public sealed class NoStateException(string message, Exception? inner = null) : Exception(message, inner);

    /// <summary>The checkpoint came over whole, but is no state of this job at its step: no worker could use it.</summary>
    public sealed class BadCheckpointException(string message, Exception? inner = null) : Exception(message, inner);

    /// <summary>Takes the state of the base step from where it is to be had: here, a peer, a checkpoint, or the seed.</summary>
    /// <param name="job">Its state is replaced if it is not the right one.</param>
    /// <param name="holdsState">Whether the job's state is a whole one.</param>
    /// <param name="start">The generation.</param>
    /// <param name="own">This worker's id.</param>
    /// <param name="options">For connections to peers.</param>
    /// <param name="files">Where checkpoints are.</param>
    /// <param name="temporaryFolder">For a checkpoint's files.</param>
    /// <param name="cancellationToken">Ends it; the state is then not whole.</param>
    /// <returns>Where it is from, and the bytes taken.</returns>
    public static async Task<RecoveredState> RunAsync(
        TrainingJob job,
        bool holdsState,
        StartGeneration start,
        string own,
        CollectiveOptions options,
        CoordinatorFiles files,
        string temporaryFolder,
        CancellationToken cancellationToken
    )
    {
        if (
            holdsState
            && job.State.Progress.Step == start.BaseStep
            && start.Members.Any(member => member.WorkerId == own && member.HasBaseState)
        )
        {
            return new(RecoverySource.Own, 0);
        }
        var sources = start.Members.Where(member => member.HasBaseState && member.WorkerId != own).ToList();
        Exception? last = null;
        foreach (var source in sources)
        {
            try
            {
                var bytes = await FromPeerAsync(job.State, start, new Uri(source.CollectiveAddress), options, cancellationToken);
                return new(RecoverySource.Peer, bytes);
            }
            catch (Exception e) when (e is RpcException { StatusCode: not StatusCode.Cancelled } or InvalidDataException)
            {
                last = e;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (sources.Count > 0)
        {
            throw new NoStateException($"No peer gave the state of step {start.BaseStep}; lastly: {last?.Message}", last);
        }
        if (start.CheckpointId.Length > 0)
        {
            return new(RecoverySource.Checkpoint, await FromCheckpointAsync(job, start, files, temporaryFolder, cancellationToken));
        }
        if (start.BaseStep == 0 && job.State.Progress.Step == 0)
        {
            return new(RecoverySource.Own, 0);
        }
        throw new NoStateException($"The state of step {start.BaseStep} is nowhere to be had.");
    }

    private static async Task<long> FromPeerAsync(
        TrainingState state,
        StartGeneration start,
        Uri address,
        CollectiveOptions options,
        CancellationToken cancellationToken
    )
    {
        using var channel = CollectiveChannel.Open(address, options);
        using var call = channel
            .CreateCallInvoker()
            .AsyncServerStreamingCall(
                CollectiveWire.FetchState,
                null,
                GroupToken.Show(start.GroupToken, cancellationToken),
                new FetchStateRequest
                {
                    JobId = start.JobId,
                    Generation = start.Generation,
                    Step = start.BaseStep,
                }
            );
        using var reader = new StateDictReader(state);
        var sha256 = "";
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var chunk = call.ResponseStream.Current;
            if (chunk.Offset != reader.Position)
            {
                throw new InvalidDataException($"The peer sent byte {chunk.Offset} of its state where {reader.Position} was next.");
            }
            reader.Append(chunk.Data.Span);
            sha256 = chunk.Sha256;
        }

        var progress = reader.Complete(sha256);
        if (progress.Step != start.BaseStep)
        {
            throw new InvalidDataException($"The peer sent the state of step {progress.Step} where {start.BaseStep} was asked for.");
        }
        return reader.Position;
    }

    private static async Task<long> FromCheckpointAsync(
        TrainingJob job,
        StartGeneration start,
        CoordinatorFiles files,
        string temporaryFolder,
        CancellationToken cancellationToken
    )
    {
        await using var received = await files.FetchCheckpointAsync(start, temporaryFolder, cancellationToken);
        try
        {
            CheckpointFiles.Read(received.Folder, job.State);
        }
        catch (InvalidDataException e)
        {
            throw new BadCheckpointException(e.Message, e);
        }
        if (job.State.Progress.Step != start.BaseStep)
        {
            throw new BadCheckpointException($"It is of step {job.State.Progress.Step}, not {start.BaseStep}.");
        }
        return job.State.Bytes;
    }
}

/// <summary>A state that a generation starts from.</summary>
/// <param name="Source">Where it was taken from.</param>
/// <param name="Bytes">How much was taken.</param>
internal readonly record struct RecoveredState(RecoverySource Source, long Bytes);
