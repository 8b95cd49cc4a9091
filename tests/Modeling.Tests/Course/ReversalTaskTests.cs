using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Tests.Course;

public class ReversalTaskTests
{
    [Fact]
    public void ToBatch_Letters_AsksForThemBackwards()
    {
        var batch = new ReversalTask(length: 3).ToBatch("abd");
        Assert.Equal([4, 5, 7, 2], batch.Source);
        Assert.Equal([1, 7, 5, 4], batch.DecoderInput);
        Assert.Equal([7, 5, 4, 2], batch.Labels);
        Assert.Equal(4, batch.TargetTokens);
    }

    [Fact]
    public void Draw_SameSeed_GivesTheSameRows()
    {
        var task = new ReversalTask();
        var batch = task.Draw(5, new DeterministicRandom(3));
        Assert.Equal((5, 7, 7), (batch.Rows, batch.SourceWidth, batch.TargetWidth));
        Assert.Equal(batch.Source, task.Draw(5, new DeterministicRandom(3)).Source);
        Assert.NotEqual(batch.Source, task.Draw(5, new DeterministicRandom(4)).Source);
        Assert.All(batch.Source, token => Assert.InRange(token, 2, task.VocabularySize - 1));
    }

    [Fact]
    public void Decode_OfEncode_IsTheText() => Assert.Equal("fab", ReversalTask.Decode(new ReversalTask().Encode("fab")));

    [Theory]
    [InlineData("abz", "'z' is none of this task's letters, a to h")]
    [InlineData("a b", "' ' is none")]
    public void Encode_OtherLetters_ThrowsNamingThem(string text, string message)
    {
        var error = Assert.Throws<ArgumentException>(() => new ReversalTask().Encode(text));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_NumbersOutOfRange_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReversalTask(length: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReversalTask(letters: 27));
        Assert.Throws<ArgumentException>(() => new ReversalTask().Encode(""));
    }
}
