#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 2, docs/attention/02-attention-pooling.md: f(x) = Σ α(x, xᵢ) yᵢ, kernels and their widths.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using static TorchSharp.torch;

// Keys xᵢ: where something was measured. Values yᵢ: what was measured, here the squares.
Tensor X() => tensor([0f, 1, 2, 3, 4]);
Tensor Y() => X().square();

return Lesson.Run(
    args,
    Show,
    new Exercise(
        () => new NadarayaWatson(sharpness: 0).forward(tensor([0f]), X(), Y()).item<float>(),
        "w = 0 makes all distances 0, so all scores are alike: what is the mean of 0, 1, 4, 9, 16?"
    ),
    new Exercise(
        () => new NadarayaWatson(sharpness: 1).Weights(tensor([2f]), X())[0, 2].item<float>(),
        "the scores are −(2 − xᵢ)²/2 = −2, −0.5, 0, −0.5, −2: take the softmax of them"
    )
);

void Show()
{
    var x = tensor([0.5f, 2, 3.5f]);
    foreach (var sharpness in new[] { 0, 1, 4.0 })
    {
        using var regression = new NadarayaWatson(sharpness);
        Print.Matrix($"Gaussian, w = {sharpness}: a row of weights for each x", regression.Weights(x, X()));
        Print.Matrix("f(x)", regression.forward(x, X(), Y()));
    }
    foreach (var kernel in Enum.GetValues<Kernel>())
    {
        using var regression = new NadarayaWatson(0.6, kernel: kernel);
        Print.Matrix($"{kernel}, w = 0.6: weights for x = 2", regression.Weights(tensor([2f]), X()));
    }
    Print.Value("learned w", Learn(), 1);
}

// Each example is predicted from the others: with itself among them, the sharpest kernel would be the best.
double Learn()
{
    using var regression = new NadarayaWatson(sharpness: 1, learned: true);
    var others = AttentionMask.FromBoolean(eye(5).logical_not());
    using var optimizer = new Adam(regression.parameters(), 0.05);
    for (var step = 0; step < 200; step++)
    {
        using var scope = NewDisposeScope();
        optimizer.ZeroGradients();
        regression.forward(X(), X(), Y(), others).sub(Y()).square().mean().backward();
        optimizer.Step();
    }
    return regression.Sharpness;
}
