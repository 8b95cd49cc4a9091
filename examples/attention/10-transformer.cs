#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 10, docs/attention/10-transformer.md: training beside prediction, kept keys and values, the mask taken away.
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

return Lesson.Run(
    args,
    Show,
    new Exercise(
        () => Enumerable.Range(1, 7).Sum(),
        "the first token passes once through the decoder for each of the 7 passes",
        Tolerance: 0.5
    ),
    new Exercise(() => 36 - ones(6, 6).tril().sum().item<float>(), "query t may not look at the 6 - t tokens after it", Tolerance: 0.5)
);

static void Show()
{
    var task = Ablations.Task;
    using var model = (Transformer)ModelFactory.Create(Ablations.Small, task.VocabularySize, seed: 1);
    var block = model.Encoder.Blocks[0];
    var x = RandomTensors.Normal(new DeterministicRandom(seed: 1), 2, 7, Ablations.Small.Width);
    Print.Line($"encoder block: [{string.Join(", ", x.shape)}] -> [{string.Join(", ", block.forward(x, AttentionMask.None).shape)}]");
    Print.Line();

    model.eval();
    Print.Line("untrained: " + Written(model, task, "abcdef"));
    ToyTrainer.Train(model, task);
    model.eval();
    Print.Line("trained:   " + Written(model, task, "abcdef"));
    Print.Line();

    Print.Value("one pass against token by token, largest difference:", PassAgainstSteps(model, task));
    GrowingCache();
    Print.Line();

    Print.Line("decoder     loss below 0.1  writes right");
    foreach (var run in Ablations.Mask())
    {
        Print.Line($"{run.Name, -12}{YesNo(run.FinalLoss < 0.1), -16}{YesNo(run.Right > 0.8)}");
    }
}

static double PassAgainstSteps(Transformer model, ReversalTask task)
{
    using var noGradients = no_grad();
    var batch = task.Draw(8, new DeterministicRandom(seed: 3));
    var (source, input) = (tensor(batch.Source).view(8, -1), tensor(batch.DecoderInput).view(8, -1));
    var lengths = tensor(batch.SourceLengths.Select(length => (long)length).ToArray());
    var pass = model.Logits(source, lengths, input); // training: all tokens at once, [B, T, V]
    using var state = model.BeginDecoding(source, lengths); // prediction: one token after another
    var steps = Enumerable.Range(0, batch.TargetWidth).Select(t => model.DecodeStep(state, input.select(1, t)));
    return stack(steps, 1).sub(pass).abs().max().item<float>();
}

static void GrowingCache()
{
    using var noGradients = no_grad();
    using var attention = new MultiHeadAttention(width: 8, heads: 2);
    using var cache = new KeyValueCache();
    var x = RandomTensors.Normal(new DeterministicRandom(seed: 1), 1, 4, 8);
    var pass = attention.forward(x, x, x, AttentionMask.Causal);
    for (var t = 0; t < 4; t++)
    {
        var y = attention.AttendStep(x.narrow(1, t, 1), cache);
        var difference = y.sub(pass.narrow(1, t, 1)).abs().max().item<float>();
        Print.Line($"step {t + 1}: {cache.Length} keys and values kept, difference to the whole pass {Print.Number(difference)}");
    }
}

static string Written(SequenceToSequenceModel model, ReversalTask task, string letters)
{
    var answer = SequenceSearch.Search(
        model,
        [
            [.. task.Encode(letters), SequenceSearch.EosId],
        ],
        new SearchOptions { MaxLength = 12 }
    )[0];
    return $"{letters} -> {ReversalTask.Decode(answer.Tokens)}, ended by {(answer.Ended ? "the end token" : "the length limit")}";
}

static string YesNo(bool value) => value ? "yes" : "no";
