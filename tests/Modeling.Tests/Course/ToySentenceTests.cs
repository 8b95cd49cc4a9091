using TrainingCluster.Modeling.Course;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Course;

public class ToySentenceTests
{
    [Fact]
    public void Layer_SentenceBackwards_GivesTheOutputsBackwards()
    {
        using var scope = NewDisposeScope();
        using var attention = ToySentence.Layer();
        var x = ToySentence.Embed(ToySentence.Words);
        var y = attention.forward(x);
        Assert.True(attention.forward(x.flip(1)).sub(y.flip(1)).abs().max().item<float>() < 1e-5);
        Assert.True(y[0, 0].sub(y[0, 3]).abs().max().item<float>() < 1e-5);
        Assert.True(y[0, 0].sub(y[0, 1]).abs().max().item<float>() > 1e-2);
    }

    [Fact]
    public void Embed_AnotherWord_Throws() =>
        Assert.Contains(
            "The words are the, cat, saw, dog; not: the bird",
            Assert.Throws<ArgumentException>(() => ToySentence.Embed(["the", "bird"])).Message,
            StringComparison.Ordinal
        );
}
