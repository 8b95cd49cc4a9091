using System.Security.Cryptography;
using Grpc.Core;
using TrainingCluster.Transport;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Optimization;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Sharding;

/// <summary>Parts of a state on their way from a member to another: one after another, as the request names them.</summary>
internal static class PartTransfer
{
    private const string Weights = "weights";
    private const string MomentPart = "moments";
    private const string Evaluations = "evaluations";

    /// <summary>The parts that a member asks for.</summary>
    public static IEnumerable<StatePart> Parts(IEnumerable<FlatRange> weights, IEnumerable<FlatRange> moments, bool withEvaluations) =>
        [
            .. weights.Select(range => Part(Weights, range)),
            .. moments.Select(range => Part(MomentPart, range)),
            .. withEvaluations ? new[] { Part(Evaluations, default) } : [],
        ];

    /// <summary>Where the parts lie in a state that holds them.</summary>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    /// <exception cref="InvalidDataException">They are no parts of a state.</exception>
    public static IReadOnlyList<Memory<float>> Find(TrainingState state, IEnumerable<StatePart> parts)
    {
        var all = new FlatRange(0, state.Moments.Length);
        var found = new List<Memory<float>>();
        foreach (var part in parts)
        {
            var range = Ranges.Of([new StateRange { Offset = part.Offset, Length = part.Length }], all.Length)[0];
            switch (part.Section)
            {
                case Weights when state.WeightsAreWhole || Ranges.Cover(state.Moments.Held.Select(held => held.Range), range):
                    found.Add(state.Parameters.Weights.Host.Slice(range.Offset, range.Length));
                    break;
                case Weights:
                    throw new InvalidOperationException($"The weights of {range} are not those of the newest step here.");
                case MomentPart:
                    found.AddRange(state.Moments.Pieces(range));
                    break;
                case Evaluations:
                    found.AddRange(state.EvaluationSections.Select(section => section.Values));
                    break;
                default:
                    throw new InvalidDataException($"A state has no section '{part.Section}'.");
            }
        }

        return found;
    }

    /// <summary>Takes parts of the base step's state from a peer into a state.</summary>
    /// <returns>Bytes taken, and the counters.</returns>
    /// <exception cref="RpcException">The peer does not give it.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or of another state.</exception>
    public static async Task<(long Bytes, TrainingProgress Progress)> FetchAsync(
        TrainingState state,
        Uri address,
        StartGeneration start,
        Fetch fetch,
        bool withEvaluations,
        CollectiveOptions options,
        CancellationToken cancellationToken
    )
    {
        var request = Request(start, start.BaseStep);
        request.Parts.AddRange(Parts(fetch.Weights, fetch.Moments, withEvaluations));
        var moments = fetch.Moments.Select(Moments.New).ToList();
        var result = await FetchAsync(
            address,
            start.GroupToken,
            request,
            (progress, sections) =>
                [
                    .. fetch.Weights.Select(range => state.Parameters.Weights.Host.Slice(range.Offset, range.Length)),
                    .. moments.SelectMany(made => new Memory<float>[] { made.First, made.Second }),
                    .. withEvaluations
                        ? state
                            .PrepareEvaluationSections(sections, CheckpointAveraging.Parse(progress.KeptBleu).Length)
                            .Select(section => section.Values)
                        : [],
                ],
            options,
            cancellationToken
        );
        moments.ForEach(state.AddMoments);
        return result;
    }

    /// <summary>A request for parts of a state.</summary>
    public static FetchStateRequest Request(StartGeneration start, long step, bool storing = false) =>
        new()
        {
            JobId = start.JobId,
            Generation = start.Generation,
            Step = step,
            Storing = storing,
        };

    /// <summary>Takes parts from a peer.</summary>
    /// <param name="address">The peer.</param>
    /// <param name="groupToken">Of the generation.</param>
    /// <param name="request">Names them.</param>
    /// <param name="destinations">Given the counters and what evaluations keep, where their values go.</param>
    /// <param name="options">For the connection.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<(long Bytes, TrainingProgress Progress)> FetchAsync(
        Uri address,
        string groupToken,
        FetchStateRequest request,
        Func<TrainingProgress, IReadOnlyList<string>, IReadOnlyList<Memory<float>>> destinations,
        CollectiveOptions options,
        CancellationToken cancellationToken
    )
    {
        using var channel = CollectiveChannel.Open(address, options);
        using var call = channel
            .CreateCallInvoker()
            .AsyncServerStreamingCall(CollectiveWire.FetchState, null, GroupToken.Show(groupToken, cancellationToken), request);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        TrainingProgress? progress = null;
        IReadOnlyList<Memory<byte>> to = [];
        var (next, filled, position, total, sha256) = (0, 0, 0L, 0L, "");
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var chunk = call.ResponseStream.Current;
            if (progress is null)
            {
                progress = TrainingProgress.FromJson(chunk.Progress.Span);
                to =
                [
                    .. destinations(progress, chunk.Sections)
                        .Where(values => !values.IsEmpty)
                        .Select(values => new ByteMemory(values).Memory),
                ];
                total = to.Sum(values => (long)values.Length);
            }
            if (chunk.Offset != position || chunk.TotalBytes != total || chunk.Data.Length > total - position)
            {
                throw new InvalidDataException(
                    $"The peer sent byte {chunk.Offset} of {chunk.TotalBytes} of its state where {position} of {total} was next."
                );
            }
            hash.AppendData(chunk.Data.Span);
            position += chunk.Data.Length;
            sha256 = chunk.Sha256;
            for (var bytes = chunk.Data.Memory; !bytes.IsEmpty; )
            {
                var count = Math.Min(bytes.Length, to[next].Length - filled);
                bytes[..count].CopyTo(to[next][filled..]);
                bytes = bytes[count..];
                (next, filled) = filled + count == to[next].Length ? (next + 1, 0) : (next, filled + count);
            }
        }

        if (progress is null || position != total || Convert.ToHexStringLower(hash.GetHashAndReset()) != sha256)
        {
            throw new InvalidDataException($"The peer's part of the state was damaged on its way, or breaks off after {position} bytes.");
        }
        return progress.Step == request.Step
            ? (position, progress)
            : throw new InvalidDataException($"The peer sent the state of step {progress.Step} where {request.Step} was asked for.");
    }

    private static StatePart Part(string section, FlatRange range) =>
        new()
        {
            Section = section,
            Offset = range.Offset,
            Length = range.Length,
        };
}
