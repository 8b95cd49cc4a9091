using System.Buffers.Binary;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Worker.Optimization;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>A training state as a peer sends it or a checkpoint has it, and its counters.</summary>
internal static class StateTargets
{
    private static readonly Lazy<TrainingState> s_state = new(NewState);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "training-progress",
            Read = input =>
            {
                var progress = TrainingProgress.FromJson(input);
                Assert.Equal(progress, TrainingProgress.FromJson(progress.ToJson()));
            },
            IsRefusal = error => error is InvalidDataException,
            Seeds = () => [Evaluated(s_state.Value).Progress.ToJson(), new TrainingProgress().ToJson()],
            IsText = true,
            Words = ["\"kept_bleu\":", "\"step\":", " 1 ", "e5"],
        },
        new()
        {
            Name = "training-state",
            Read = input => ReadState(input),
            IsRefusal = error => error is InvalidDataException,
            Seeds = () => [Bytes()],
            // The header's length is believed up to the limit that the reader states.
            AllocatedAlways = StateDictReader.LargestHeader + (256 * 1024),
            AllocatedPerByte = 512,
        },
        new()
        {
            Name = "training-state-header",
            PartDepth = 1,
            IsText = true,
            Read = input =>
            {
                // Header and values by themselves: the length before them always fits.
                var parts = Parts.Split(input);
                var length = new byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(length, parts.At(0).Length);
                ReadState([.. length, .. parts.At(0), .. parts.At(1)]);
            },
            IsRefusal = error => error is InvalidDataException,
            Seeds = () =>
            {
                var bytes = Bytes();
                var header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
                return [Parts.Join(bytes[8..(8 + header)], bytes[(8 + header)..])];
            },
            Words = ["recent.2/", "recent.1/", "best/", "\\\"kept_bleu\\\":\\\"1 2\\\"", "\\\"step\\\":-1", "null"],
            AllocatedAlways = 256 * 1024,
            AllocatedPerByte = 512,
        },
    ];

    private static TrainingState NewState()
    {
        var model = ModelFactory.Create(
            new TransformerOptions
            {
                Width = 2,
                Heads = 1,
                Layers = 1,
                FeedForward = 2,
            },
            4,
            seed: 1
        );
        return new TrainingState(model, new CheckpointAveraging(2, Best: true));
    }

    /// <summary>After two evaluations: with best weights, and two that are kept for the average.</summary>
    private static TrainingState Evaluated(TrainingState state)
    {
        foreach (var bleu in new[] { 12.5, 20 })
        {
            state.Apply(state.Progress.AfterUpdate(100, 90));
            state.ApplyEvaluation(state.Progress.AfterEvaluation(bleu, patience: 0));
        }
        return state;
    }

    private static byte[] Bytes()
    {
        using var state = Evaluated(NewState());
        var dict = StateDict.Of(state.Parameters.Layout, state.Sections, state.Progress);
        var bytes = new byte[dict.Length];
        dict.CopyTo(0, bytes);
        return bytes;
    }

    private static void ReadState(ReadOnlySpan<byte> bytes)
    {
        var state = s_state.Value;
        using var reader = new StateDictReader(state);
        reader.Append(bytes[..(bytes.Length / 2)]);
        reader.Append(bytes[(bytes.Length / 2)..]);
        reader.Complete();
        // What was taken in is what training goes on from.
        state.Fingerprints();
        state.ApplyEvaluation(state.Progress.AfterUpdate(1, 1).AfterEvaluation(15, patience: 1));
        StateDict.Of(state.Parameters.Layout, state.Sections, state.Progress);
    }
}
