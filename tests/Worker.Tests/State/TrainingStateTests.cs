using System.Security.Cryptography;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Models;
using TrainingCluster.V1;
using TrainingCluster.Worker.Checkpoints;
using TrainingCluster.Worker.Optimization;
using TrainingCluster.Worker.State;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Tests.State;

public sealed class TrainingStateTests
{
    private static readonly ModelSpec s_spec = new()
    {
        DModel = 16,
        Heads = 2,
        Layers = 1,
        FeedForward = 24,
        Dropout = 0,
    };

    [Fact]
    public void FlatParameters_Backward_AddsIntoTheAttachedBuffer()
    {
        using var plain = Model();
        using var flat = Model();
        using var parameters = new FlatParameters(flat);
        using var buffer = parameters.NewGradientBuffer();
        using var scope = NewDisposeScope();
        var wanted = autograd.grad([Loss(plain)], [.. Parameters(plain)]);
        buffer.Attach();
        Loss(flat).backward();
        for (var i = 0; i < wanted.Count; i++)
        {
            var range = parameters.Layout.Entries[i].Range;
            var found = buffer.Flat.Host.Span.Slice(range.Offset, range.Length);
            Assert.Equal(wanted[i].reshape(-1).data<float>().ToArray(), found.ToArray());
        }

        // A second pass adds.
        var once = buffer.Flat.Host.ToArray();
        Loss(flat).backward();
        Assert.Equal(once.Select(value => value + value), buffer.Flat.Host.ToArray());
    }

    [Fact]
    public void FlatParameters_ChangedWeights_ChangeTheModel()
    {
        using var model = Model();
        using var scope = NewDisposeScope();
        var before = Loss(model).item<float>();
        using var parameters = new FlatParameters(model);
        Assert.Equal(before, Loss(model).item<float>());
        foreach (ref var weight in parameters.Weights.Host.Span)
        {
            weight *= 1.5f;
        }
        parameters.Weights.Upload();
        Assert.NotEqual(before, Loss(model).item<float>());
    }

    [Fact]
    public void StateDict_InPiecesOfAnySize_IsTheSameState()
    {
        using var model = Model();
        using var state = Trained(model);
        using var other = Model(seed: 9);
        using var copy = new TrainingState(other, new CheckpointAveraging(3, Best: false));
        var dict = Dict(state);
        using var reader = new StateDictReader(copy);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(3);
        for (var offset = 0L; offset < dict.Length; )
        {
            var piece = new byte[random.Next(1, 5000)];
            var count = dict.CopyTo(offset, piece);
            reader.Append(piece.AsSpan(0, count));
            hash.AppendData(piece.AsSpan(0, count));
            offset += count;
        }

        Assert.Equal(state.Progress, reader.Complete(Convert.ToHexStringLower(hash.GetHashAndReset())));
        Assert.Equal(state.Sections.Select(s => s.Name), copy.Sections.Select(s => s.Name));
        Assert.Equal(state.Fingerprints().Steps, copy.Fingerprints().Steps);
        Assert.Equal(state.Fingerprints().Evaluations, copy.Fingerprints().Evaluations);
    }

    [Fact]
    public void Snapshot_TrainingGoesOn_StaysAsItWas()
    {
        using var model = Model();
        using var state = new TrainingState(model, new CheckpointAveraging(2, Best: true));
        Evaluate(1);
        Evaluate(2);
        var snapshot = new StateSnapshot();
        snapshot.Take(state);
        var before = Bytes(StateDict.Of(state.Parameters.Layout, state.Sections, state.Progress));
        for (var bleu = 3; bleu < 8; bleu++)
        {
            Evaluate(bleu);
        }

        Assert.Equal(before, Bytes(snapshot.ToStateDict(state.Parameters.Layout)));
        Assert.NotEqual(before, Bytes(StateDict.Of(state.Parameters.Layout, state.Sections, state.Progress)));
        snapshot.Release();

        void Evaluate(float bleu)
        {
            state.Parameters.Weights.Host.Span.Fill(bleu);
            state.ApplyEvaluation((state.Progress with { Step = state.Progress.Step + 1 }).AfterEvaluation(bleu, patience: 0));
        }

        static byte[] Bytes(StateDict dict)
        {
            var bytes = new byte[dict.Length];
            dict.CopyTo(0, bytes);
            return bytes;
        }
    }

    [Fact]
    public void StateDict_DamagedOrShort_IsRefused()
    {
        using var model = Model();
        using var state = Trained(model);
        var image = new byte[Dict(state).Length];
        Dict(state).CopyTo(0, image);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(image));

        Assert.Throws<InvalidDataException>(() => Read(image.AsSpan(..^1).ToArray(), sha256));
        image[^5] ^= 1;
        Assert.Throws<InvalidDataException>(() => Read(image, sha256));
        Assert.Throws<InvalidDataException>(() => Read(new byte[100], sha256));

        static void Read(byte[] bytes, string sha256)
        {
            using var model = Model();
            using var state = new TrainingState(model, new CheckpointAveraging(3, Best: false));
            using var reader = new StateDictReader(state);
            reader.Append(bytes);
            reader.Complete(sha256);
        }
    }

    private static StateDict Dict(TrainingState state) => StateDict.Of(state.Parameters.Layout, state.Sections, state.Progress);

    [Fact]
    public void TrainingProgress_Json_KeepsEveryBit()
    {
        var progress = new TrainingProgress
        {
            Step = 5,
            BestBleu = 0.1 + 0.2,
            TargetTokens = long.MaxValue,
        };
        Assert.Equal(progress, TrainingProgress.FromJson(progress.ToJson()));
        Assert.Throws<InvalidDataException>(() => TrainingProgress.FromJson("nonsense"u8));
        Assert.Throws<InvalidDataException>(() => TrainingProgress.FromJson("""{"step":5,"bestXbleu":1}"""u8));
    }

    [Fact]
    public void AfterEvaluation_NoImprovementForTheWholePatience_Stops()
    {
        var progress = new TrainingProgress { Step = 1 }.AfterEvaluation(10, 2);
        Assert.Equal((10, 1L, false), (progress.BestBleu, progress.BestStep, progress.StoppedEarly));
        progress = (progress with { Step = 2 }).AfterEvaluation(10, 2);
        Assert.False(progress.StoppedEarly);
        progress = (progress with { Step = 3 }).AfterEvaluation(9, 2);
        Assert.Equal((10, 1L, true), (progress.BestBleu, progress.BestStep, progress.StoppedEarly));
    }

    private static SequenceToSequenceModel Model(ulong seed = 1) => ModelFactory.Create(s_spec.ToOptions(), 30, seed);

    private static IEnumerable<Tensor> Parameters(SequenceToSequenceModel model) =>
        model.Segments.SelectMany(segment => segment.Parameters).Select(named => (Tensor)named.Parameter);

    private static Tensor Loss(SequenceToSequenceModel model)
    {
        var tokens = arange(4, 10, ScalarType.Int64).reshape(2, 3);
        return model.Loss(tokens, tensor(new long[] { 3, 3 }), tokens, tokens, 0.1);
    }

    private static TrainingState Trained(SequenceToSequenceModel model)
    {
        var state = new TrainingState(model, new CheckpointAveraging(3, Best: false));
        // The gaps between parameters are zeros for ever.
        var gradient = new float[state.Parameters.Layout.Length];
        foreach (var i in state.Parameters.Layout.Entries.SelectMany(e => Enumerable.Range(e.Range.Offset, e.Range.Length)))
        {
            gradient[i] = i % 5f;
        }
        for (var i = 0; i < 2; i++)
        {
            state.ApplyUpdate(new AdamWOptions(0.9, 0.98, 1e-9, 0), 0.1, 1, gradient, state.Progress.AfterUpdate(10, 12));
            state.ApplyEvaluation(state.Progress.AfterEvaluation(5 + i, 0));
        }

        Assert.Equal(["weights", "first_moment", "second_moment", "best", "recent.0", "recent.1"], state.Sections.Select(s => s.Name));
        return state;
    }
}
