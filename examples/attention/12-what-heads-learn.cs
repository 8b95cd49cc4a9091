#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 12, docs/attention/12-what-heads-learn.md: a small Transformer is trained, and its heads are asked what they do.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

return Lesson.Run(
    args,
    Show,
    new Exercise(() => HeadStatistics.ShareOn([.. Enumerable.Repeat(1 / 7f, 49)], 7, t => 5 - t), "all seven tokens get the same weight"),
    new Exercise(() => HeadStatistics.Entropy([0.5f, 0.25f, 0.25f], 3), "1/2 costs one bit, 1/4 costs two")
);

static void Show()
{
    var task = Ablations.Task;
    using var model = LearnedHeads.Train(task);
    var heads = LearnedHeads.Examine(model, task);
    Print.Line("cross-attention while 'abcdef' is written backwards: # for more than half of the weight");
    Print.Line("written  a b c d e f <eos>");
    var weights = CrossWeights(model, task, "abcdef");
    for (var t = 0; t < 6; t++)
    {
        var marks = Enumerable.Range(0, 7).Select(s => weights[t, s].item<float>() > 0.5 ? "#" : ".");
        Print.Line($"{"fedcba"[t], -9}{string.Join(' ', marks)}");
    }
    Print.Line();

    Print.Line("heads with two thirds of their weight on one place, over 100 sequences");
    foreach (var kind in new[] { AttentionKind.EncoderSelf, AttentionKind.Cross })
    {
        var all = heads.Where(head => head.Map.Kind == kind).ToList();
        var places = all.Select(Habit).OfType<string>().ToList();
        Print.Line($"{kind}: {places.Count} of {all.Count} {string.Join(", ", places.Distinct())}".TrimEnd());
    }
}

static Tensor CrossWeights(Transformer model, ReversalTask task, string letters)
{
    Tensor? recorded = null;
    var attention = model.Decoder.Blocks[^1].CrossAttention;
    attention.Recorder = weights => recorded = weights; // of the next pass: [B, H, T, S]
    using var loss = ToyTrainer.Loss(model, task.ToBatch(letters));
    attention.Recorder = null;
    return recorded![0, 0]; // of the only sequence and the first head: [T, S]
}

static string? Habit(LearnedHead head)
{
    var (place, share) = LearnedHeads.Places.Zip(head.Shares).MaxBy(pair => pair.Second);
    return share > 2 / 3.0 ? place.Name : null;
}
