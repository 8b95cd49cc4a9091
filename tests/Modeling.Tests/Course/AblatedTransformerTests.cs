using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Course;

public class AblatedTransformerTests
{
    private static readonly ReversalTask s_task = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Logits_LastTokenChanged_EarlierScoresChangeWithoutTheMaskOnly(bool causal)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = new AblatedTransformer(new AblationOptions { Causal = causal }, s_task.VocabularySize, seed: 1);
        var (source, lengths, input) = Draw();
        var before = model.Logits(source, lengths, input);
        input[0, 6].fill_(4);
        var difference = model.Logits(source, lengths, input).sub(before)[0].narrow(0, 0, 6).abs().max().item<float>();
        Assert.Equal(causal, difference < 1e-6);
    }

    [Fact]
    public void DecodeStep_TokenByToken_EqualsOnePass()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = new AblatedTransformer(new AblationOptions(), s_task.VocabularySize, seed: 1);
        var (source, lengths, input) = Draw();
        var pass = model.Logits(source, lengths, input);
        using var state = model.BeginDecoding(source, lengths);
        for (var t = 0; t < 7; t++)
        {
            Assert.True(model.DecodeStep(state, input.select(1, t)).sub(pass.select(1, t)).abs().max().item<float>() < 1e-5);
        }
    }

    [Fact]
    public void Logits_ScaleTakenAway_AreOthers()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var (source, lengths, input) = Draw();
        using var scaled = new AblatedTransformer(new AblationOptions(), s_task.VocabularySize, seed: 1);
        using var unscaled = new AblatedTransformer(new AblationOptions { Scaled = false }, s_task.VocabularySize, seed: 1);
        var difference = scaled.Logits(source, lengths, input).sub(unscaled.Logits(source, lengths, input));
        Assert.True(difference.abs().max().item<float>() > 1e-2);
    }

    private static (Tensor Source, Tensor Lengths, Tensor Input) Draw()
    {
        var batch = s_task.Draw(1, new DeterministicRandom(seed: 1));
        // A copy whose last token may be changed: the letter 'h', so that token 4 is another one.
        batch.DecoderInput[6] = s_task.VocabularySize - 1;
        return (tensor(batch.Source, [1, 7]), tensor(new long[] { 7 }), tensor(batch.DecoderInput, [1, 7]));
    }
}
