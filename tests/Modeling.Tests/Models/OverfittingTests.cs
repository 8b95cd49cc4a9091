using TrainingCluster.Modeling.Decoding;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

public class OverfittingTests
{
    [Theory]
    [InlineData("transformer", "pre")]
    [InlineData("transformer", "post")]
    [InlineData("recurrent-attention", "gru")]
    [InlineData("recurrent-attention", "lstm")]
    public void Loss_TrainedOnOneBatch_ComesNearZeroAndTheBatchIsPredicted(string kind, string variant)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create(
            kind,
            spec =>
            {
                if (kind == "transformer")
                {
                    spec["norm"] = variant;
                }
                else
                {
                    spec["cell"] = variant;
                }
            }
        );
        var (source, lengths, input, labels) = TinyModels.Batch();
        var optimizer = new PlainAdam(model, 3e-3);
        var tokens = labels.ne(0).sum().item<long>();
        var loss = double.PositiveInfinity;
        for (var step = 0; step < 400 && loss > 0.02; step++)
        {
            using var stepScope = NewDisposeScope();
            var sum = model.Loss(source, lengths, input, labels, 0);
            sum.backward();
            optimizer.Step();
            loss = sum.item<float>() / tokens;
        }
        Assert.InRange(loss, 0, 0.02);

        var sources = Enumerable
            .Range(0, 4)
            .Select(row => source[row].data<long>().Where(token => token != 0).Select(token => (int)token).ToArray())
            .ToList();
        var expected = Enumerable
            .Range(0, 4)
            .Select(row => labels[row].data<long>().Where(token => token is not 0 and not 2).Select(token => (int)token).ToArray());
        var found = SequenceSearch.Search(model, sources);
        Assert.Equal(expected, found.Select(answer => answer.Tokens.ToArray()));
    }
}
