using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Tests.Course;

public class RecurrentReversalTests
{
    [Fact]
    public void Train_SixLetters_LooksAtTheLetterThatIsWritten()
    {
        using var model = RecurrentReversal.CreateModel();
        var looks = new List<double>();
        var losses = ToyTrainer.Train(
            model,
            RecurrentReversal.Task,
            RecurrentReversal.Training,
            step =>
            {
                if (RecurrentReversal.Looks.Contains(step))
                {
                    looks.Add(RecurrentReversal.OnTheLetter(CrossAttention.Of(model, RecurrentReversal.Examples)));
                }
            }
        );
        Assert.Equal(RecurrentReversal.Training.Steps, losses.Count);
        Assert.InRange(losses[0], 2, 3);
        Assert.InRange(losses.TakeLast(32).Average(), 0, 0.2);
        Assert.Equal(3, looks.Count);
        Assert.InRange(looks[0], 0.05, 0.25);
        Assert.InRange(looks[2], 0.5, 1);
        var answer = SequenceSearch.Search(
            model,
            [
                [.. RecurrentReversal.Task.Encode("cahfeb"), BpeTokenizer.EosId],
            ]
        )[0];
        Assert.Equal("befhac", ReversalTask.Decode(answer.Tokens));
        Assert.True(model.training);
    }
}
