#:project Lesson/Lesson.csproj
#:property PublishAot=false
// The worked example, docs/attention/worked-example.md: two queries and three keys, every number.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

return Lesson.Run(args, Show);

void Show()
{
    var q = tensor([1f, 0, 1, 0, 0, 2, 0, 2], [1, 2, 4]);
    var k = tensor([2f, 0, 2, 0, 0, 1, 0, 1, 1, 1, 1, 1], [1, 3, 4]);
    var v = tensor([1f, 0, 0, 1, 1, 1], [1, 3, 2]);

    var scores = new DotProductScore(scaled: true).forward(q, k);
    var weights = MaskedSoftmax.Apply(scores);
    Print.Matrix("QKᵀ", q.matmul(k.transpose(1, 2)), 0);
    Print.Matrix("scores", scores, 0);
    Print.Matrix("weights", weights, 3);
    Print.Matrix("output", weights.matmul(v), 3);
    Print.Matrix("in one call", ScaledDotProductAttention.Apply(q, k, v), 3);

    var firstTwo = AttentionMask.FromLengths(tensor([2L]), keys: 3);
    Print.Matrix("weights of the first two keys", MaskedSoftmax.Apply(scores, firstTwo), 3);
    Print.Matrix("output with them", ScaledDotProductAttention.Apply(q, k, v, firstTwo), 3);
}
