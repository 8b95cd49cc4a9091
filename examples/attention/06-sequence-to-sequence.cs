#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 6, docs/attention/06-sequence-to-sequence.md: an encoder, a decoder and the attention between them, learned in seconds.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

return Lesson.Run(
    args,
    Show,
    new Exercise(
        () => CrossAttention.Of(RecurrentReversal.CreateModel(), RecurrentReversal.Examples).Length,
        "one weight for each pair of a step of the decoder and a token of the source; the end tokens count",
        Tolerance: 0.1
    ),
    new Exercise(() => zeros(7).softmax(0)[0].item<float>(), "the softmax of 7 equal scores")
);

void Show()
{
    var task = RecurrentReversal.Task; // six letters, to be written backwards
    using var model = RecurrentReversal.CreateModel(); // one layer, 32 features
    var losses = ToyTrainer.Train(model, task, RecurrentReversal.Training, afterStep: Look);
    Print.Value("loss of the first step", losses[0], 1);
    Print.Value("loss of the last 32 steps", losses.TakeLast(32).Average(), 1);
    foreach (var letters in new[] { "abcdef", "cahfeb" })
    {
        var written = SequenceSearch
            .Search(
                model,
                [
                    [.. task.Encode(letters), SequenceSearch.EosId],
                ]
            )[0]
            .Tokens;
        Print.Line($"reads {letters}, writes {ReversalTask.Decode(written)}");
    }

    void Look(int step)
    {
        if (!RecurrentReversal.Looks.Contains(step))
        {
            return;
        }
        var map = CrossAttention.Of(model, RecurrentReversal.Examples); // [T, S]: written, read
        Print.Value($"after {step, 3} steps, weight on the right letter", RecurrentReversal.OnTheLetter(map), 1);
        if (step == RecurrentReversal.Looks[^1])
        {
            ShowLargest(map);
        }
    }
}

// A row a letter that is written, a column one that is read, the largest weight marked. The first letter needs no look.
void ShowLargest(float[,] map)
{
    var letters = map.GetLength(0) - 1;
    for (var t = 1; t < letters; t++)
    {
        var row = Enumerable.Range(0, letters + 1).Select(i => map[t, i]).ToArray();
        Print.Line($"letter {t + 1}:  {string.Join(' ', row.Select(weight => weight == row.Max() ? '#' : '.'))}");
    }
}
