#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 7, docs/attention/07-self-attention.md: a sequence that asks itself, and what it cannot know.
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using static TorchSharp.torch;

return Lesson.Run(
    args,
    Show,
    new Exercise(() => WithoutScores(AttentionMask.None)[1, 4].item<float>(), "equal scores share the weight among all keys"),
    new Exercise(() => WithoutScores(AttentionMask.Causal)[2, 0].item<float>(), "the third word may look at three words, itself included")
);

static void Show()
{
    var words = ToySentence.Words;
    var x = ToySentence.Embed(words);
    using var attention = ToySentence.Layer();
    var (y, weights) = Attend(attention, x, AttentionMask.None);
    Print.Line($"x [{string.Join(", ", x.shape)}] -> y [{string.Join(", ", y.shape)}]");
    Print.Matrix("weights: a query a row, a key a column", weights, rows: words, columns: words);
    Print.Line();

    Print.Value("outputs of the two 'the', largest difference:", Difference(y[0, 0], y[0, 3]));
    var backwards = attention.forward(x.flip(1));
    Print.Value("the sentence backwards gives y backwards, largest difference:", Difference(backwards, y.flip(1)));
    using var positions = new SinusoidalEncoding(ToySentence.Width);
    var placed = attention.forward(positions.forward(x));
    Print.Value("with positions added, the two 'the' differ by", Difference(placed[0, 0], placed[0, 3]));
    Print.Line();

    var (_, causal) = Attend(attention, x, AttentionMask.Causal);
    Print.Matrix("weights with the causal mask", causal, rows: words, columns: words);
}

static (Tensor Output, Tensor Weights) Attend(SelfAttention attention, Tensor x, AttentionMask mask)
{
    // Queries, keys and values are all made of x: there is no other input.
    var y = attention.forward(x, mask); // [B, T, D]
    var weights = attention.Weights(x, mask); // [B, H, T, T]
    return (y, weights[0, 0]); // the weights of the only row and head
}

// With weights of zero every score is zero.
static Tensor WithoutScores(AttentionMask mask)
{
    using var attention = ToySentence.Layer();
    using var noGradients = no_grad();
    foreach (var parameter in attention.parameters())
    {
        parameter.zero_();
    }
    return attention.Weights(ToySentence.Embed(ToySentence.Words), mask)[0, 0];
}

static double Difference(Tensor one, Tensor other) => one.sub(other).abs().max().item<float>();
