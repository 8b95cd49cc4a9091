#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 8, docs/attention/08-convolution-recurrence-attention.md: work, sequential steps and path length of three kinds of layers.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using static TorchSharp.torch;

const int Width = 8;
return Lesson.Run(
    args,
    Show,
    new Exercise(
        () => Enumerable.Range(1, 1000).First(n => SelfAttentionProducts(n, 64) >= ConvolutionProducts(n, 64, kernel: 5)),
        "solve 2 n² d = k n d² for n",
        Tolerance: 0.5
    ),
    new Exercise(() => LayersUntilSeen(Convolution(kernel: 5), length: 33), "a kernel of 5 reaches two tokens to each side", Tolerance: 0.5)
);

static void Show()
{
    Print.Line("multiplications of one layer, d = 64, in thousands");
    Print.Line("length  convolution k=3  recurrence  self-attention");
    foreach (var n in new[] { 16, 64, 96, 256, 1024 })
    {
        var counts = new[] { ConvolutionProducts(n, 64, kernel: 3), RecurrenceProducts(n, 64), SelfAttentionProducts(n, 64) };
        Print.Line($"{n, 6}{counts[0] / 1000, 17}{counts[1] / 1000, 12}{counts[2] / 1000, 16}");
    }
    Print.Line();

    Print.Line("layers until the last output depends on the first token, by the gradient");
    Print.Line("length  convolution k=3  recurrence  self-attention");
    foreach (var n in new[] { 5, 9, 17, 33 })
    {
        var layers = new[] { Convolution(kernel: 3), Recurrence(), Attention() }.Select(layer => LayersUntilSeen(layer, n)).ToArray();
        Print.Line($"{n, 6}{layers[0], 17}{layers[1], 12}{layers[2], 16}");
    }
    Print.Line();

    Print.Line("steps that must follow one another within a layer");
    Print.Line("length  convolution k=3  recurrence  self-attention");
    foreach (var n in new[] { 5, 33 })
    {
        Print.Line($"{n, 6}{1, 17}{n, 12}{1, 16}");
    }
}

static int LayersUntilSeen(Func<Tensor, Tensor> layer, int length)
{
    using var scope = NewDisposeScope();
    var x = ones(1, length, Width).requires_grad_();
    var y = x;
    for (var layers = 1; ; layers++)
    {
        y = layer(y);
        var gradient = autograd.grad([y[0, -1].sum()], [x], retain_graph: true)[0];
        if (gradient[0, 0].abs().sum().item<float>() > 0)
        {
            return layers;
        }
    }
}

static Func<Tensor, Tensor> Convolution(int kernel)
{
    var layer = new SequenceConvolution(Width, kernel);
    return x_BTD => layer.forward(x_BTD);
}

static Func<Tensor, Tensor> Recurrence()
{
    var layer = nn.RNN(Width, Width, batchFirst: true);
    return x_BTD => layer.call(x_BTD, null).Item1;
}

static Func<Tensor, Tensor> Attention()
{
    var layer = new SelfAttention(Width);
    return x_BTD => layer.forward(x_BTD);
}

// n tokens, each with k matrices of d · d.
static long ConvolutionProducts(long n, long d, long kernel) => kernel * n * d * d;

// n steps, each with a matrix for the input and one for the state.
static long RecurrenceProducts(long n, long d) => 2 * n * d * d;

// n · n scores of d products, and as many for the weighted sums.
static long SelfAttentionProducts(long n, long d) => 2 * n * n * d;
