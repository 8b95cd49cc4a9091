#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 9, docs/attention/09-positional-encoding.md: where a token stands, in sines and cosines; and what happens without.
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

const int Width = 6;
return Lesson.Run(
    args,
    Show,
    new Exercise(() => 50 * SinusoidalEncoding.Frequency(pair: 2, width: 8), "the angle is δ ω_j with ω_j = 10000^(-2j/D)"),
    new Exercise(() => RotaryScores()[5, 3], "the angle between them is the distance 2 times ω_0 = 1")
);

static void Show()
{
    using var encoding = new SinusoidalEncoding(Width);
    Print.Matrix("encodings: a position a row, D = 6", encoding.Positions(0, 4, CPU), rows: ["0", "1", "2", "3"]);
    var frequencies = Enumerable.Range(0, Width / 2).Select(pair => (float)SinusoidalEncoding.Frequency(pair, Width)).ToArray();
    Print.Matrix("frequencies of the three pairs, radians a position", tensor(frequencies), digits: 4);
    Print.Line();

    Print.Matrix("a shift by 3 turns pair 0 by this matrix", RotationMatrix(shift: 3, pair: 0));
    Print.Value("largest difference of M(3) PE(t) and PE(t + 3), t = 0 to 60:", LargestDifference(encoding, shift: 3));
    Print.Line();

    var scores = RotaryScores();
    Print.Line("rotary: the score of equal features at positions t and s");
    foreach (var (t, s) in new[] { (0, 0), (1, 0), (6, 5), (2, 0), (7, 5) })
    {
        Print.Line($"t = {t}, s = {s}: {Print.Number(scores[t, s])}");
    }
    Print.Line();

    Print.Line("reversing six letters, 432 steps");
    Print.Line("positions   loss below 0.1  right        right letters, any order");
    foreach (var run in Ablations.Positions())
    {
        var learned = run.FinalLoss < 0.1 ? "yes" : "no";
        Print.Line($"{run.Name, -12}{learned, -16}{Most(run.Right), -13}{Most(run.RightInAnyOrder)}");
    }
}

static double LargestDifference(SinusoidalEncoding encoding, long shift)
{
    var pairs_TP2 = encoding.Positions(0, 64, CPU).view(64, Width / 2, 2);
    var (before, after) = (pairs_TP2.narrow(0, 0, 61), pairs_TP2.narrow(0, shift, 61));
    return Enumerable
        .Range(0, Width / 2)
        .Max(pair =>
        {
            var turned = before.select(1, pair).matmul(RotationMatrix(shift, pair).t()); // M(δ) (sin, cos) at every t
            return turned.sub(after.select(1, pair)).abs().max().item<float>();
        });
}

static Tensor RotationMatrix(long shift, long pair)
{
    var angle = shift * SinusoidalEncoding.Frequency(pair, Width);
    var (sine, cosine) = ((float)Math.Sin(angle), (float)Math.Cos(angle));
    return tensor(new[] { cosine, sine, -sine, cosine }).view(2, 2);
}

// The scores of (1, 0) at positions 0 to 7 with itself at positions 0 to 7.
static double[,] RotaryScores()
{
    using var rotary = new RotaryEncoding(headWidth: 2);
    var same_118K = tensor(new float[] { 1, 0 }).expand(1, 1, 8, 2);
    var turned_TK = rotary.forward(same_118K)[0, 0];
    var scores = turned_TK.matmul(turned_TK.t());
    var numbers = new double[8, 8];
    for (var t = 0; t < 8; t++)
    {
        for (var s = 0; s < 8; s++)
        {
            numbers[t, s] = scores[t, s].item<float>();
        }
    }
    return numbers;
}

static string Most(double share) =>
    share switch
    {
        > 0.5 => "most",
        < 0.2 => "nearly none",
        _ => "some",
    };
