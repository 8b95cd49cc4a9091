using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Tests.Errors;

public class RpcErrorDetailsTests
{
    [Fact]
    public void Find_InvalidSpec_GivesEveryViolation()
    {
        var error = RpcErrors.InvalidSpec([
            new("training.learningRate", "-1", "is negative", "use 1"),
            new("", "", "is empty", "name files"),
        ]);

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var details = RpcErrorDetails.Find<BadRequest>(error);
        Assert.Equal(
            [("spec.training.learning_rate", "'-1' is negative; use 1"), ("spec", "is empty; name files")],
            details!.FieldViolations.Select(v => (v.Field, v.Description))
        );
        Assert.Equal(["spec.training.learning_rate: '-1' is negative; use 1", "spec: is empty; name files"], RpcErrorDetails.Lines(error));
    }

    [Fact]
    public void Find_NotFound_NamesTheResource()
    {
        var error = RpcErrors.NotFound("job", "x1", "list the jobs");
        Assert.Equal(
            ("job", "x1"),
            (RpcErrorDetails.Find<ResourceInfo>(error)!.ResourceType, RpcErrorDetails.Find<ResourceInfo>(error)!.ResourceName)
        );
        Assert.Null(RpcErrorDetails.Find<BadRequest>(error));
    }

    public static TheoryData<byte[]> ForeignTrailers =>
        new()
        {
            new byte[] { 0xff, 0xff },
            new Google.Rpc.Status
            {
                Details =
                {
                    new Any { TypeUrl = Any.Pack(new ErrorInfo()).TypeUrl, Value = ByteString.CopyFrom(0xff, 0xff) },
                },
            }.ToByteArray(),
        };

    [Theory]
    [MemberData(nameof(ForeignTrailers))]
    public void Find_TrailerOfAnotherForm_GivesNull(byte[] trailer)
    {
        var error = new RpcException(
            new Grpc.Core.Status(StatusCode.Internal, "x"),
            new Metadata { { Grpc.Core.MetadataExtensions.StatusDetailsTrailerName, trailer } }
        );
        Assert.Null(RpcErrorDetails.Find<ErrorInfo>(error));
        Assert.Equal(["x"], RpcErrorDetails.Lines(error));
    }

    [Fact]
    public void Info_CodeAndText_StandInTheStatusAndInItsDetails()
    {
        var error = RpcErrors.Info(StatusCode.ResourceExhausted, "DISK_FULL", "no room");
        Assert.Equal((StatusCode.ResourceExhausted, "no room"), (error.StatusCode, error.Status.Detail));
        var status = error.GetRpcStatus()!;
        Assert.Equal(((int)StatusCode.ResourceExhausted, "no room"), (status.Code, status.Message));
        Assert.Equal(("DISK_FULL", RpcErrors.Domain), (status.GetDetail<ErrorInfo>().Reason, status.GetDetail<ErrorInfo>().Domain));
    }

    [Fact]
    public void FieldPaths_OfEverySetting_AreThoseOfTheProto()
    {
        foreach (var setting in JobSettings.All)
        {
            var message = JobSpec.Descriptor;
            foreach (var name in FieldPaths.OfSetting(setting.Path).Split('.')[1..])
            {
                var field = message.FindFieldByName(name);
                Assert.NotNull(field);
                message = field.FieldType == Google.Protobuf.Reflection.FieldType.Message ? field.MessageType : message;
            }
        }
    }

    [Fact]
    public void Complete_ErrorOfAnybody_HasAReasonAndTheRequest()
    {
        var error = RpcErrors.Complete(new RpcException(new Grpc.Core.Status(StatusCode.DeadlineExceeded, "late")), "r-1");
        Assert.Equal("DEADLINE_EXCEEDED", RpcErrorDetails.Find<ErrorInfo>(error)!.Reason);
        Assert.Equal("r-1", RpcErrorDetails.Find<RequestInfo>(error)!.RequestId);
        var known = RpcErrors.Complete(RpcErrors.Precondition("JOB_ENDED", "it has ended"), "r-2");
        Assert.Equal(("JOB_ENDED", "it has ended"), (RpcErrorDetails.Find<ErrorInfo>(known)!.Reason, known.Status.Detail));
    }

    [Fact]
    public void Info_ThatARetryHelps_SaysWhen()
    {
        var error = RpcErrors.Info(StatusCode.Unavailable, "STORAGE_FAILED", "x", TimeSpan.FromSeconds(1.5));
        Assert.Equal(TimeSpan.FromSeconds(1.5), RpcErrorDetails.Find<RetryInfo>(error)!.RetryDelay.ToTimeSpan());
        Assert.Null(RpcErrorDetails.Find<RetryInfo>(RpcErrors.Precondition("JOB_ENDED", "x")));
    }

    [Fact]
    public void Invalid_ManyLongViolations_StayBelowWhatClientsTakeAsHeaders()
    {
        var text = string.Concat(Enumerable.Repeat("文\U0001F600", 5000));
        var error = RpcErrors.Invalid([.. Enumerable.Range(0, 100).Select(i => ($"field{i}", text))]);
        Assert.InRange(error.Trailers.Sum(t => t.ValueBytes.Length), 1, 5000);
        var violations = RpcErrorDetails.Find<BadRequest>(error)!.FieldViolations;
        Assert.EndsWith(" more", violations[^1].Description, StringComparison.Ordinal);
        Assert.All(violations.SkipLast(1), v => Assert.EndsWith("…", v.Description, StringComparison.Ordinal));
    }
}
