#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 5, docs/attention/05-scaled-dot-product.md: softmax(QKᵀ/√d)V, and why √d.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

return Lesson.Run(
    args,
    Show,
    new Exercise(() => Small(scaled: true)[0].item<float>(), "the scores are 4/√4 = 2 and 0: e² / (e² + 1)"),
    new Exercise(() => Small(scaled: false)[0].item<float>(), "the scores are 4 and 0: e⁴ / (e⁴ + 1)")
);

void Show()
{
    var (query, key, value) = (
        tensor(
            new float[,]
            {
                { 1, 0, 1, 0 },
            }
        ),
        tensor(
            new float[,]
            {
                { 1, 0, 1, 0 },
                { 0, 1, 0, 1 },
            }
        ),
        eye(2)
    );
    var fused = ScaledDotProductAttention.Apply(query.unsqueeze(0), key.unsqueeze(0), value.unsqueeze(0));
    Print.Matrix("softmax(QKᵀ/√d)V, libtorch's fused kernel", fused);
    Print.Matrix("the same in three steps", query.matmul(key.t()).div(Math.Sqrt(4)).softmax(-1).matmul(value));

    // Features of mean 0 and variance 1: 400 queries, 20 keys each.
    Print.Line("          variance of the score    largest weight    mean |∂α/∂s|");
    foreach (var size in new[] { 4, 64, 1024 })
    {
        foreach (var scaled in new[] { false, true })
        {
            Print.Line(Measure(size, scaled));
        }
    }
}

string Measure(int size, bool scaled)
{
    using var scope = NewDisposeScope();
    var random = new DeterministicRandom(1, (ulong)size);
    var query = RandomTensors.Normal(random, 400, 1, size);
    var key = RandomTensors.Normal(random, 400, 20, size);
    var scores = new DotProductScore(scaled).forward(query, key);
    var weights = scores.softmax(-1);
    var largest = weights.amax([-1]).mean().item<float>();
    // ∂αᵢ/∂sᵢ = αᵢ(1 − αᵢ): what a gradient is multiplied by on its way through the softmax.
    var slope = (weights * (1 - weights)).mean().item<float>();
    var name = scaled ? "qᵀk/√d" : "qᵀk";
    var variance = Print.Number(scores.var().item<float>(), 0);
    return $"d = {size, 4}  {name, -7} {variance, 5} {Print.Number(largest), 21} {Print.Number(slope, 3), 15}";
}

// A query of four ones against a key of ones and a key of zeros.
Tensor Small(bool scaled) =>
    new DotProductScore(scaled).forward(ones(1, 1, 4), stack([ones(4), zeros(4)]).unsqueeze(0)).softmax(-1).view(2);
