using Google.Protobuf;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Training;

/// <summary>Before members train on, they tell one another what they hold, and end the generation if it is not the same.</summary>
internal static class StateAgreement
{
    /// <summary>What this worker holds.</summary>
    public static MemberState Of(TrainingJob job)
    {
        var (steps, evaluations) = job.State.Fingerprints();
        return new MemberState
        {
            EvaluationDue = job.EvaluationIsDue,
            StepsSha256 = ByteString.CopyFrom(steps),
            EvaluationsSha256 = ByteString.CopyFrom(evaluations),
        };
    }

    /// <summary>
    /// Ends the group where members do not hold the same state. A generation that broke off during an evaluation leaves some with it
    /// and some without: then what evaluations change is compared among those of one kind only.
    /// </summary>
    /// <exception cref="CollectiveException">They do not.</exception>
    public static void Check(CollectiveGroup group, MemberState[] all)
    {
        var plan = group.Plan;
        var own = all[plan.OwnRank];
        string[] different = [.. plan.Peers.Where(rank => !Agree(own, all[rank])).Select(rank => plan.Members[rank].WorkerId)];
        if (different.Length > 0)
        {
            group.Detector.Fail(
                CollectiveError.Diverged,
                $"{plan.Own.WorkerId} and {string.Join(", ", different)} do not hold the same state at step {plan.BaseStep} of the same "
                    + "plan."
            );
            group.Detector.ThrowIfFailed();
        }
    }

    private static bool Agree(MemberState own, MemberState other) =>
        own.StepsSha256 == other.StepsSha256
        && (own.EvaluationDue != other.EvaluationDue || own.EvaluationsSha256 == other.EvaluationsSha256);
}
