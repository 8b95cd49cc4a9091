using TrainingCluster.Modeling.Course;

namespace TrainingCluster.Modeling.Tests.Course;

public class AblationsTests
{
    [Fact]
    public void Positions_TakenAway_LeaveTheLettersWithoutTheirOrder()
    {
        var runs = Ablations.Positions();
        Assert.Equal(["none", "sinusoidal", "learned", "rotary"], runs.Select(run => run.Name));
        Assert.InRange(runs[0].FinalLoss, 0.75, 1.1);
        Assert.InRange(runs[0].Right, 0, 0.1);
        Assert.All(runs.Skip(1), run => Assert.InRange(run.FinalLoss, 0, 0.1));
        Assert.All(runs.Skip(1), run => Assert.InRange(run.Right, 0.9, 1));
    }

    [Fact]
    public void Mask_TakenAway_FitsTheTrainingAndWritesNothingRight()
    {
        var runs = Ablations.Mask();
        Assert.All(runs, run => Assert.InRange(run.FinalLoss, 0, 0.1));
        Assert.InRange(runs[0].Right, 0.9, 1);
        Assert.InRange(runs[1].Right, 0, 0.1);
    }

    [Fact]
    public void Scale_TakenAway_LearnsNothingInTheSameTime()
    {
        var runs = Ablations.Scale();
        Assert.InRange(runs[0].FinalLoss, 0, 0.2);
        // How far it comes differs with the processor's last bits: 0.8 to 1.6.
        Assert.InRange(runs[1].FinalLoss, 0.5, 2.5);
        Assert.InRange(runs[1].FinalLoss / runs[0].FinalLoss, 4, double.PositiveInfinity);
    }

    [Fact]
    public void TwoPlaces_OneHead_StaysAtOneHalfAndMoreComeToZero()
    {
        Assert.Equal(0.5, TwoPlaces.Train(heads: 1).TakeLast(30).Average(), 0.04);
        Assert.InRange(TwoPlaces.Train(heads: 2).TakeLast(30).Average(), 0, 0.05);
        Assert.InRange(TwoPlaces.Train(heads: 4).TakeLast(30).Average(), 0, 0.05);
    }
}
