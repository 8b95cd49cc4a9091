#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 3, docs/attention/03-masked-softmax.md: a softmax over some of the keys.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

// [B, T, S] = [1, 3, 4]: three queries, four keys.
Tensor Scores() =>
    tensor(
            new float[,]
            {
                { 1, 2, 3, 4 },
                { 1, 1, 1, 1 },
                { 4, 3, 2, 1 },
            }
        )
        .unsqueeze(0);

return Lesson.Run(
    args,
    Show,
    new Exercise(
        () => MaskedSoftmax.Apply(Scores(), AttentionMask.FromLengths(tensor([2L]), 4))[0, 2, 0].item<float>(),
        "only the scores 4 and 3 count: e⁴ / (e⁴ + e³)"
    ),
    new Exercise(
        () => MaskedSoftmax.Apply(zeros(2, 3, 4), AttentionMask.FromLengths(tensor([3L, 1L]), 4)).eq(0).sum().item<long>(),
        "each of the 3 queries of a row loses 4 − length keys; there are two rows",
        Tolerance: 0.1
    )
);

void Show()
{
    var scores = Scores();
    Print.Matrix("no mask", MaskedSoftmax.Apply(scores));
    var firstTwo = AttentionMask.FromLengths(tensor([2L]), keys: 4);
    Print.Matrix("the first two keys", MaskedSoftmax.Apply(scores, firstTwo));
    Print.Matrix("causal: query t sees the keys 0…t", MaskedSoftmax.Apply(scores, AttentionMask.Causal));
    Print.Matrix("both", MaskedSoftmax.Apply(scores, firstTwo.And(AttentionMask.Causal)));
    var nothing = AttentionMask.FromLengths(tensor([0L]), keys: 4);
    Print.Matrix("no key at all", MaskedSoftmax.Apply(scores, nothing));
    Print.Matrix("masked by adding −10 to the scores instead", scores.add(tensor([0f, 0, -10, -10])).softmax(-1), 6);
}
